/** Each page in both languages and two widths: pictures of it, no error behind it, nothing that bars anybody. */
import AxeBuilder from '@axe-core/playwright'
import type { Browser, BrowserContext } from '@playwright/test'
import { SCREENS, type Screen } from './screens'
import { Client } from './workstation/client'
import { place, stateFile } from './workstation/place'
import { reviewedCase, signedCase } from './workstation/seeds'
import { expect, test, type Page } from './workstation/test'

const PICTURES = 'test-results/screens'
const contexts = new Map<Screen['as'], BrowserContext>()
const DESK = { width: 1280, height: 800 }
const TABLET = { width: 820, height: 1180 }
const STEP_MS = 40
const QUIET_MS = 160
const GRAVE = ['serious', 'critical']

/** What stands in the addresses: a case in review, half of it done. A signed one is in the lists. */
let parameters: Record<string, string> = {}

test.beforeAll(async () => {
    const [technician, doctor] = [await Client.of('technician'), await Client.of('doctor')]
    await signedCase(technician, doctor, 'Signed Example', 4)
    const { id, patient } = await reviewedCase(technician, 'Pictured Example', 8)
    const cells = await technician.cells(id)
    await technician.step('unconfirm', cells.slice(cells.length / 2))
    await technician.relabel(cells.slice(0, 2), 'unidentified')
    parameters = { caseId: String(id), patientId: String(patient.id), name: 'classifier-light' }
})

test.afterAll(async () => {
    for (const context of contexts.values()) await context.close()
    contexts.clear()
})

/** One browser for all pages of an account: what every page needs is fetched and compiled once. */
async function contextOf(browser: Browser, as: Screen['as'], baseURL?: string): Promise<BrowserContext> {
    const known = contexts.get(as)
    if (known) return known
    const storageState = as === 'nobody' ? undefined : stateFile(place().folder, as)
    const context = await browser.newContext({ baseURL, locale: 'en', viewport: DESK, storageState })
    contexts.set(as, context)
    return context
}

/** What went wrong on the page without being shown: errors of scripts, requests that failed. */
function faultsOf(page: Page): string[] {
    const faults: string[] = []
    page.on('console', (message) => message.type() === 'error' && faults.push(message.text()))
    page.on('pageerror', (error) => faults.push(error.message))
    page.on(
        'response',
        (answer) => answer.status() >= 400 && faults.push(`${answer.status()} ${answer.url()}`),
    )
    return faults
}

/** Waits until no answer is due and nothing says that it loads. */
async function settled(page: Page, traffic: { due: number }): Promise<void> {
    await expect(page.getByRole('status', { name: /Loading|加载中/ })).toHaveCount(0)
    let quiet = 0
    while (quiet < QUIET_MS) {
        await page.waitForTimeout(STEP_MS)
        quiet = traffic.due ? 0 : quiet + STEP_MS
    }
}

/** Counts the requests that have no answer yet. */
function trafficOf(page: Page): { due: number } {
    const traffic = { due: 0 }
    page.on('request', () => traffic.due++)
    page.on('requestfinished', () => traffic.due--)
    page.on('requestfailed', () => traffic.due--)
    return traffic
}

async function barriers(page: Page): Promise<string[]> {
    const { violations } = await new AxeBuilder({ page }).analyze()
    return violations
        .filter(({ impact }) => GRAVE.includes(impact ?? ''))
        .flatMap(({ id, nodes }) =>
            nodes.map((node) => `${id}: ${node.target.join(' ')} ${node.failureSummary}`),
        )
}

function address(route: string): string {
    return route
        .replace(/:missing.*/, 'no/such/page')
        .replace(/:(\w+)(\(\\d\+\))?/g, (_, name: string) => parameters[name] ?? '')
}

for (const { name, route, as, begin } of SCREENS) {
    test(`${name} shows no fault and bars nobody`, async ({ browser, baseURL }) => {
        const page = await (await contextOf(browser, as, baseURL)).newPage()
        const faults = faultsOf(page)
        const traffic = trafficOf(page)
        await page.goto(address(route))
        await settled(page, traffic)
        await begin?.(page)
        await settled(page, traffic)
        await page.screenshot({ path: `${PICTURES}/${name}.en.png` })
        expect(await barriers(page)).toEqual([])

        await page.getByRole('button', { name: '中文' }).click()
        await settled(page, traffic)
        await page.screenshot({ path: `${PICTURES}/${name}.zh-CN.png` })

        await page.setViewportSize(TABLET)
        await page.screenshot({ path: `${PICTURES}/${name}.tablet.png` })
        const [needed, given] = await page
            .locator('main')
            .evaluate((main) => [main.scrollWidth, main.clientWidth])
        expect(needed, 'width that the page needs on a tablet').toBeLessThanOrEqual(given ?? 0)
        await page.getByRole('button', { name: 'English' }).click() // it is kept in the account
        expect(faults).toEqual([])
        await page.close()
    })
}
