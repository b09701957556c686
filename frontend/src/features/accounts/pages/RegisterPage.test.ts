import { flushPromises } from '@vue/test-utils'
import { beforeEach, expect, test, vi } from 'vitest'
import { mountInApp } from '@/testing/mounting'
import { serverAnswers } from '@/testing/server'
import RegisterPage from './RegisterPage.vue'

let pictures = 0
beforeEach(() => (pictures = 0))

async function registering(answer: { status?: number; body: unknown }) {
    const calls = serverAnswers({
        'GET /api/v1/registrations/departments': { body: [{ id: 3, name: 'Hematology' }] },
        'POST /api/v1/captchas': () => ({ body: { key: `key-${++pictures}`, image: '/captcha' } }),
        'POST /api/v1/registrations': answer,
    })
    const { wrapper } = await mountInApp(RegisterPage)
    await flushPromises()
    await wrapper.find('#username').setValue('lin')
    await wrapper.find('#password').setValue('correct horse battery')
    await wrapper.find('#captcha').setValue('ABCDE')
    await wrapper.find('form').trigger('submit')
    await flushPromises()
    return { wrapper, calls }
}

test('a registration is sent in the language of the page, and an administrator is named as the next step', async () => {
    const { wrapper, calls } = await registering({ status: 201, body: {} })

    const sent = calls.find(({ path }) => path.endsWith('/registrations'))?.body
    expect(sent).toMatchObject({
        username: 'lin',
        language: 'en',
        captcha_key: 'key-1',
        captcha_text: 'ABCDE',
    })
    expect(wrapper.text()).toContain("An administrator has to approve 'lin'")
})

test('what is wrong is told at its field, nothing typed is lost, and the picture is a new one', async () => {
    const message = 'This password is too common.'
    const { wrapper } = await registering({
        status: 400,
        body: { code: 'validation', message: '', detail: { password: [{ code: 'x', message }] } },
    })

    await vi.waitFor(() => expect(wrapper.find('.el-form-item:has(#password)').text()).toContain(message))
    expect(wrapper.find<HTMLInputElement>('#username').element.value).toBe('lin')
    expect(wrapper.find<HTMLInputElement>('#captcha').element.value).toBe('')
    expect(pictures).toBe(2)
})

test('wrong letters are told at the picture, and the registration is not taken for done', async () => {
    const { wrapper } = await registering({
        status: 400,
        body: { code: 'captcha', message: 'm', detail: {} },
    })

    await vi.waitFor(() =>
        expect(wrapper.find('.el-form-item:has(#captcha)').text()).toContain('not the letters'),
    )
    expect(wrapper.find('form').exists()).toBe(true)
})
