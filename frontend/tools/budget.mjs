/**
 * `npm run budget`: what a browser fetches until the first page is shown, gzipped, from a build made in memory.
 * Fails above the budget, and where a library is in it that only some pages need.
 */
import { gzipSync } from 'node:zlib'
import { build } from 'vite'

const BUDGET_KB = 400
const LAZY = ['echarts', 'openseadragon']
const PAGES = {
    '/sign-in': 'src/features/accounts/pages/SignInPage.vue',
    '/': 'src/features/dashboard/pages/DashboardPage.vue',
}
const TEXTS = ['src/i18n/en/index.ts', 'src/i18n/zh-CN/index.ts'] // one of them is fetched: the larger counts

const { output } = await build({ logLevel: 'error', build: { write: false } })
const files = new Map(output.map((file) => [file.fileName, file]))

function chunkOf(source) {
    const found = output.find((file) => file.type === 'chunk' && file.facadeModuleId?.endsWith(source))
    if (!found) throw new Error(`no chunk begins with ${source}: it moved, or is no longer loaded by itself`)
    return found.fileName
}

/** Names of all files that are loaded before this chunk runs: its imports, theirs, and their styles. */
function loadedWith(name, seen = new Set()) {
    if (seen.has(name)) return seen
    seen.add(name)
    const chunk = files.get(name)
    for (const style of chunk.viteMetadata?.importedCss ?? []) seen.add(style)
    for (const next of chunk.imports) loadedWith(next, seen)
    return seen
}

function kilobytes(name) {
    const file = files.get(name)
    return gzipSync(file.type === 'chunk' ? file.code : file.source).length / 1000
}

const total = (names) => [...names].reduce((sum, name) => sum + kilobytes(name), 0)
const larger = (names) => names.reduce((a, b) => (kilobytes(a) > kilobytes(b) ? a : b))

let isKept = true
for (const [address, page] of Object.entries(PAGES)) {
    const texts = larger(TEXTS.map(chunkOf))
    const names = new Set(['index.html'])
    for (const start of [chunkOf('index.html'), texts, chunkOf(page)])
        for (const name of loadedWith(start)) names.add(name)
    const modules = [...names].flatMap((name) => Object.keys(files.get(name).modules ?? {}))
    const early = LAZY.filter((library) => modules.some((path) => path.includes(`/node_modules/${library}/`)))
    const size = total(names)
    process.stdout.write(
        `${address}: ${size.toFixed(0)} kB gzip in ${names.size} files, budget ${BUDGET_KB} kB\n`,
    )
    for (const library of early)
        process.stdout.write(`${address}: loads ${library}, which only some pages need\n`)
    isKept &&= size <= BUDGET_KB && early.length === 0
}
process.exitCode = isKept ? 0 : 1
