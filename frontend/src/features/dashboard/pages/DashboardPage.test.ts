import { flushPromises, RouterLinkStub } from '@vue/test-utils'
import { expect, test } from 'vitest'
import { mountInApp } from '@/testing/mounting'
import { serverAnswers } from '@/testing/server'
import DashboardCases from '../components/DashboardCases.vue'
import { dayBegan } from '../composables/useDashboard'
import DashboardPage from './DashboardPage.vue'

const DASHBOARD = {
    cases: { by_state: { new: 3, analysed: 0, in_review: 1, signed: 20, amended: 2 }, assigned_to_me: 4 },
    reviewed: { by_me: 312, by_all: 1500 },
    models: [],
    queue: { waiting: 2, running: 1, failed: 5 },
    warnings: [
        { code: 'jobs_failed', message: '5 jobs were given up in the last day', detail: { count: 5 } },
    ],
}

async function page() {
    const calls = serverAnswers({ 'GET /api/v1/dashboard': { body: DASHBOARD } })
    const { wrapper } = await mountInApp(DashboardPage, { global: { stubs: { RouterLink: RouterLinkStub } } })
    await flushPromises()
    return { wrapper, calls }
}

test('each number leads to the cases that it counts', async () => {
    const { wrapper } = await page()

    const tiles = wrapper
        .getComponent(DashboardCases)
        .findAllComponents(RouterLinkStub)
        .map((link) => ({
            count: link.get('strong').text(),
            query: (link.props('to') as { query: unknown }).query,
        }))
    expect(tiles).toEqual([
        { count: '3', query: { state: 'new' } },
        { count: '0', query: { state: 'analysed' } },
        { count: '1', query: { state: 'in_review' } },
        { count: '22', query: { state: 'signed,amended' } },
        { count: '4', query: { reader: 'me', state: 'new,analysed,in_review' } },
    ])
})

test('the day begins at midnight where the person is', async () => {
    const { calls } = await page()

    expect(calls[0]?.query.get('since')).toBe(dayBegan(new Date()).toISOString())
    expect(dayBegan(new Date(2026, 2, 4, 23, 59))).toEqual(new Date(2026, 2, 4))
})

test('warnings are told in the words of the page, with the words of the server below', async () => {
    const { wrapper } = await page()

    const warning = wrapper.get('.warnings').text()
    expect(warning).toContain('Analyses that failed in the last 24 hours: 5')
    expect(warning).toContain('5 jobs were given up in the last day')
})
