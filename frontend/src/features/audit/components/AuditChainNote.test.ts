import { flushPromises } from '@vue/test-utils'
import { expect, test } from 'vitest'
import { mountInApp } from '@/testing/mounting'
import { serverAnswers } from '@/testing/server'
import AuditChainNote from './AuditChainNote.vue'

async function checking(body: unknown) {
    const calls = serverAnswers({ 'GET /api/v1/audit/events/verification': { body } })
    const { wrapper } = await mountInApp(AuditChainNote)
    const callsBefore = calls.length
    await wrapper.find('button').trigger('click')
    await flushPromises()
    return { text: wrapper.text(), callsBefore }
}

test('the chain is checked when somebody asks, not with every look at the log', async () => {
    const { text, callsBefore } = await checking({ events: 1234, problem: '' })

    expect(callsBefore).toBe(0)
    expect(text).toContain('All 1,234 events are untouched')
})

test('an altered log is said to be, with the place', async () => {
    const { text } = await checking({ events: null, problem: 'event 2 was altered' })

    expect(text).toContain('The log was altered')
    expect(text).toContain('event 2 was altered')
})
