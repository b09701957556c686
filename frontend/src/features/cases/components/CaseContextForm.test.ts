import { flushPromises } from '@vue/test-utils'
import { expect, test, vi } from 'vitest'
import { mountInApp } from '@/testing/mounting'
import { serverAnswers } from '@/testing/server'
import type { Case } from '../composables/useCases'
import CaseContextForm from './CaseContextForm.vue'

const CASE = { id: 7, version: 3, context: { lesions: ['NPM1'] } } as unknown as Case

async function form() {
    const calls = serverAnswers({
        'PATCH /api/v1/cases/7': ({ body }) => ({
            body: { ...CASE, version: 4, context: (body as { context: object }).context },
        }),
    })
    const { wrapper } = await mountInApp(CaseContextForm, { props: { caseData: CASE } })
    async function type(id: string, text: string): Promise<void> {
        const input = wrapper.get<HTMLInputElement>(`input#${id}`)
        input.element.value = text
        await input.trigger('change')
    }
    return { wrapper, calls, type }
}

test('a half filled count is not sent, and the fact says so', async () => {
    const { wrapper, calls, type } = await form()

    await type('blood_blasts', '5')
    await wrapper.get('form').trigger('submit')
    await flushPromises()

    await vi.waitFor(() => expect(wrapper.text()).toContain('Fill in every part, or clear them all'))
    expect(calls).toEqual([])
})

test('the facts that were stated before are sent along with the new one', async () => {
    const { wrapper, calls, type } = await form()

    await type('blood_blasts', '5')
    await type('blood_blasts-of', '200')
    await wrapper.get('form').trigger('submit')
    await flushPromises()

    expect(calls.map(({ body }) => body)).toEqual([
        { version: 3, context: { lesions: ['NPM1'], blood_blasts: { count: 5, of: 200 } } },
    ])
    expect(wrapper.find('.bar').exists()).toBe(false)
})

test('discarding brings back what the server has', async () => {
    const { wrapper, type } = await form()

    await type('blood_blasts', '5')
    await wrapper.get('.bar button').trigger('click')

    expect(wrapper.get<HTMLInputElement>('input#blood_blasts').element.value).toBe('')
})
