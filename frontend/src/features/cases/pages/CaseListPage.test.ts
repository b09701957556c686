import { flushPromises } from '@vue/test-utils'
import { expect, test } from 'vitest'
import { mountInApp } from '@/testing/mounting'
import { serverAnswers } from '@/testing/server'
import CaseListPage from './CaseListPage.vue'

const NONE = { body: { count: 0, results: [] } }

test('the filters of the address are asked of the server', async () => {
    const calls = serverAnswers({ 'GET /api/v1/cases': NONE })

    await mountInApp(
        CaseListPage,
        {},
        '/cases?state=new,analysed&reader=nobody&specimen=bone-marrow&ordering=-collected_on&page=2',
    )
    await flushPromises()

    const query = calls[0]?.query
    expect(query?.getAll('state')).toEqual(['new', 'analysed'])
    expect(Object.fromEntries(query ?? [])).toMatchObject({
        is_assigned: 'false',
        specimen: 'bone-marrow',
        ordering: '-collected_on',
        page: '2',
    })
    expect(query?.has('reader')).toBe(false)
})

test('an empty list says whether filters are the reason', async () => {
    serverAnswers({ 'GET /api/v1/cases': NONE })

    const all = await mountInApp(CaseListPage, {}, '/cases')
    const filtered = await mountInApp(CaseListPage, {}, '/cases?state=signed')
    await flushPromises()

    expect(all.wrapper.text()).toContain('No cases yet')
    expect(filtered.wrapper.text()).toContain('No case matches these filters')
})
