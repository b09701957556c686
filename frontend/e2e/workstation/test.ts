/** `test` of Playwright, with the workstation's accounts. */
import { test as base, type BrowserContext, type Page } from '@playwright/test'
import { Client } from './client'
import { place, stateFile, type Account } from './place'

export { expect, type Locator, type Page } from '@playwright/test'

interface Fixtures {
    /** A page of its own browser, signed in as this account; each call opens another. */
    openAs: (account: Account, path: string, options?: { locale?: string }) => Promise<Page>
    technician: Client
    doctor: Client
}

export const test = base.extend<Fixtures>({
    baseURL: async ({}, use) => use(place().url),
    openAs: async ({ browser, baseURL, viewport }, use) => {
        const contexts: BrowserContext[] = []
        await use(async (account, path, { locale = 'en' } = {}) => {
            const storageState = stateFile(place().folder, account)
            const context = await browser.newContext({ baseURL, viewport, locale, storageState })
            contexts.push(context)
            const page = await context.newPage()
            await page.goto(path)
            return page
        })
        for (const context of contexts) await context.close()
    },
    technician: async ({}, use) => use(await Client.of('technician')),
    doctor: async ({}, use) => use(await Client.of('doctor')),
})
