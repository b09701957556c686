import { flushPromises, type DOMWrapper } from '@vue/test-utils'
import { afterEach, expect, test, vi } from 'vitest'
import { mountInApp } from '@/testing/mounting'
import { serverAnswers } from '@/testing/server'
import ReportSignDialog from './ReportSignDialog.vue'

const SIGN = 'POST /api/v1/cases/3/sign'
const AMEND = 'POST /api/v1/cases/3/amend'
const PROPS = { caseId: 3, fingerprint: 'seen', conclusion: ' Left shift. ', isAmendment: false }

afterEach(() => document.body.replaceChildren())

async function dialog(props: Partial<typeof PROPS> = {}) {
    const { wrapper } = await mountInApp(ReportSignDialog, {
        props: { ...PROPS, ...props },
        global: { stubs: { teleport: true, transition: true } },
    })
    await flushPromises()
    return wrapper
}

async function send(wrapper: Awaited<ReturnType<typeof dialog>>): Promise<void> {
    await wrapper.get('input[type=password]').setValue('secret')
    await wrapper.get('form').trigger('submit')
    await flushPromises()
}

function button(wrapper: Awaited<ReturnType<typeof dialog>>, text: string): DOMWrapper<Element> {
    const found = wrapper.findAll('button').find((one) => one.text() === text)
    if (!found) throw new Error(`no button '${text}'`)
    return found
}

test('what was shown when the dialog opened is signed, also when the page has read anew', async () => {
    const calls = serverAnswers({ [SIGN]: { status: 201, body: { id: 1, number: 1 } } })
    const wrapper = await dialog()
    await wrapper.setProps({ fingerprint: 'newer' })

    await send(wrapper)

    expect(calls.map(({ body }) => body)).toEqual([
        { password: 'secret', fingerprint: 'seen', conclusion: 'Left shift.' },
    ])
    expect(wrapper.emitted('signed')).toEqual([[{ id: 1, number: 1 }]])
})

test('a wrong password is told at its field, and may be tried again', async () => {
    serverAnswers({
        [SIGN]: {
            status: 400,
            body: { code: 'validation', message: 'no', detail: { password: [{ message: 'Not yours.' }] } },
        },
    })
    const wrapper = await dialog()

    await send(wrapper)

    await vi.waitFor(() => expect(wrapper.get('.el-form-item__error').text()).toBe('Not yours.'))
    expect(wrapper.emitted('signed')).toBeUndefined()
    expect((wrapper.get('input[type=password]').element as HTMLInputElement).value).toBe('')
})

test.each([
    ['stale_version', 'Something has changed since this page was shown'],
    ['signing_refused', 'This cannot be signed now'],
])('after %s nothing can be signed until the person has looked again', async (code, title) => {
    const calls = serverAnswers({ [SIGN]: { status: 409, body: { code, message: 'why', detail: {} } } })
    const wrapper = await dialog()
    await send(wrapper)
    expect(wrapper.get('[role=alert]').text()).toContain(title)
    expect(wrapper.get('[role=alert]').text()).toContain('why')
    expect(button(wrapper, 'Sign').attributes('disabled')).toBeDefined()

    await button(wrapper, 'Look again').trigger('click')

    expect(wrapper.emitted('reload')).toHaveLength(1)
    expect(calls).toHaveLength(1)
})

test('an amendment is sent with its reason', async () => {
    const calls = serverAnswers({ [AMEND]: { status: 201, body: { id: 2, number: 2 } } })
    const wrapper = await dialog({ isAmendment: true })
    expect(button(wrapper, 'Sign').attributes('disabled')).toBeDefined()

    await wrapper.get('textarea').setValue('Cells were relabelled.')
    await send(wrapper)

    expect(calls[0]?.body).toMatchObject({ reason: 'Cells were relabelled.', fingerprint: 'seen' })
})
