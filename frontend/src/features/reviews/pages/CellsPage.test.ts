import { flushPromises } from '@vue/test-utils'
import { expect, test } from 'vitest'
import { mountInApp } from '@/testing/mounting'
import { serverAnswers } from '@/testing/server'
import CellsPage from './CellsPage.vue'

const NONE = { body: { next: null, previous: null, results: [] } }

test('the filters of the address are asked of the server, and nothing else', async () => {
    const calls = serverAnswers({ 'GET /api/v1/reviews/cells': NONE })

    await mountInApp(CellsPage, {}, '/cells?search=smear&case=12&shown_class=monocyte&is_confirmed=false')
    await flushPromises()

    expect(Object.fromEntries(calls[0]?.query ?? [])).toEqual({
        search: 'smear',
        case: '12',
        shown_class: 'monocyte',
        is_confirmed: 'false',
        page_size: '50',
    })
})

test('an empty table says whether filters are the reason', async () => {
    serverAnswers({ 'GET /api/v1/reviews/cells': NONE })

    const all = await mountInApp(CellsPage, {}, '/cells')
    const filtered = await mountInApp(CellsPage, {}, '/cells?is_deleted=true')
    await flushPromises()

    expect(all.wrapper.text()).toContain('No cells yet')
    expect(filtered.wrapper.text()).toContain('No cell matches these filters')
})
