/** One real workstation for the whole run: `hemascope serve` with its worker, the built pages and painted smears. */
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, openSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { request } from '@playwright/test'
import {
    ACCOUNTS,
    announce,
    dataFolder,
    logFile,
    python,
    pythonEnvironment,
    ROOT,
    smearFolder,
    stateFile,
    type Account,
} from './place'
import { paintSmear } from './smear'

const PATIENCE_MS = 120_000
const FIELDS = 16

export default async function setUp(): Promise<() => Promise<void>> {
    const index = join(ROOT, 'src', 'hemascope', 'web', 'app', 'index.html')
    if (!existsSync(index)) throw new Error(`${index} is missing: build the pages with \`make app\``)
    const folder = await mkdtemp(join(tmpdir(), 'hemascope-e2e-'))
    const url = `http://127.0.0.1:${await freePort()}`
    const server = serve(folder, new URL(url).port)
    try {
        await Promise.all([paintSmear(smearFolder(folder), FIELDS), untilReady(url, server, folder)])
        const passwords = readPasswords(folder)
        for (const account of ACCOUNTS) await signIn(url, folder, account, passwords[account])
        announce({ url, folder, serverId: server.pid ?? 0, passwords })
    } catch (error) {
        await tearDown()
        throw error
    }
    return tearDown

    async function tearDown(): Promise<void> {
        await stop(server)
        await rm(folder, { recursive: true })
    }
}

function freePort(): Promise<number> {
    return new Promise((resolve, reject) => {
        const probe = createServer().once('error', reject)
        probe.listen(0, '127.0.0.1', () => {
            const address = probe.address()
            probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
        })
    })
}

function serve(folder: string, port: string): ChildProcess {
    const log = openSync(logFile(folder), 'w')
    const options = ['--data', dataFolder(folder), '--demo', '--port', port, '--web-processes', '1']
    return spawn(python(), ['-m', 'hemascope', 'serve', ...options], {
        env: pythonEnvironment(),
        stdio: ['ignore', log, log],
    })
}

async function untilReady(url: string, server: ChildProcess, folder: string): Promise<void> {
    const end = Date.now() + PATIENCE_MS
    while (Date.now() < end && server.exitCode === null) {
        const answer = await fetch(`${url}/readyz`).catch(() => undefined)
        if (answer?.ok) return
        await pause(100)
    }
    throw new Error(`the workstation did not start:\n${readFileSync(logFile(folder), 'utf8')}`)
}

function readPasswords(folder: string): Record<Account, string> {
    const lines = readFileSync(join(dataFolder(folder), 'demo-accounts.txt'), 'utf8')
        .trim()
        .split('\n')
    return Object.fromEntries(lines.map((line) => line.split(/\s+/))) as Record<Account, string>
}

/** Once for all tests: the server does not let one address sign in as often as there are tests. */
async function signIn(url: string, folder: string, account: Account, password: string): Promise<void> {
    const client = await request.newContext({ baseURL: url })
    await client.get('/api/v1/session')
    const token = (await client.storageState()).cookies.find(({ name }) => name === 'csrftoken')?.value ?? ''
    const answer = await client.post('/api/v1/session', {
        headers: { 'X-CSRFToken': token },
        data: { username: account, password },
    })
    if (!answer.ok()) throw new Error(`${account} cannot sign in: ${await answer.text()}`)
    await client.storageState({ path: stateFile(folder, account) })
    await client.dispose()
}

async function stop(server: ChildProcess): Promise<void> {
    if (server.exitCode !== null || server.signalCode !== null) return
    const ended = new Promise((resolve) => server.once('exit', resolve))
    server.kill('SIGTERM')
    await ended
}
