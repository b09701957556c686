import { defineConfig } from '@playwright/test'
import { findChromium } from './e2e/workstation/chromium'

const executablePath = findChromium()
if (!executablePath) {
    process.stdout.write(
        'No Chromium found: the browser tests are SKIPPED. tools/install-browser.sh installs it.\n',
    )
    process.exit(0)
}

export default defineConfig({
    testDir: 'e2e',
    globalSetup: './e2e/workstation/globalSetup.ts',
    workers: 1, // one workstation for all, on a machine that may have two cores
    timeout: 45_000,
    expect: { timeout: 10_000 },
    forbidOnly: Boolean(process.env.CI),
    reporter: [['list'], ['./e2e/workstation/logReporter.ts']],
    use: {
        locale: 'en',
        viewport: { width: 1280, height: 800 },
        screenshot: 'only-on-failure',
        trace: process.env.CI ? 'retain-on-failure' : 'off', // it costs a third of the time; by hand: --trace on
        // In containers Chromium's sandbox does not start; only our own pages are opened.
        launchOptions: { executablePath, args: ['--no-sandbox'] },
    },
    projects: [
        { name: 'workstation', testIgnore: '**/measured/**' },
        { name: 'measured', testMatch: '**/measured/*.spec.ts' },
    ],
})
