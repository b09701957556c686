import { flushPromises } from '@vue/test-utils'
import { afterEach, beforeAll, expect, test } from 'vitest'
import { showLocale } from '@/i18n'
import { usePreferences } from '@/stores/preferences'
import { mountInApp } from '@/testing/mounting'
import { serverAnswers } from '@/testing/server'
import SignInPage from './SignInPage.vue'

beforeAll(async () => {
    await showLocale('zh-CN') // loads it
    await showLocale('en')
})
afterEach(() => showLocale('en'))

const SESSION = { user: { id: 7, username: 'lin', language: 'zh' }, rights: [] }

async function signingIn(
    answer: { status?: number; body: unknown },
    { path = '/sign-in', before = async () => {} } = {},
) {
    const calls = serverAnswers({
        'POST /api/v1/session': answer,
        'POST /api/v1/captchas': { body: { key: 'k', image: '/captcha' } },
        'PATCH /api/v1/me': { body: SESSION.user },
    })
    const { wrapper, router } = await mountInApp(SignInPage, {}, path)
    await before()
    await wrapper.find('#username').setValue('lin')
    await wrapper.find('form').trigger('submit')
    await flushPromises()
    return { wrapper, router, calls }
}

function refusal(code: string, status = 403) {
    return { status, body: { code, message: 'in the words of the server', detail: { seconds: 870 } } }
}

test('signing in takes the language of the person and leads to the page that was asked for', async () => {
    const { router } = await signingIn({ body: SESSION }, { path: '/sign-in?next=/cases' })

    expect(usePreferences().locale).toBe('zh-CN')
    expect(router.currentRoute.value.path).toBe('/cases')
})

test("a language that was chosen while signing in stays, and becomes the person's own", async () => {
    const person = { ...SESSION, user: { ...SESSION.user, language: 'en' } }
    const { calls } = await signingIn({ body: person }, { before: () => usePreferences().setLocale('zh-CN') })

    expect(usePreferences().locale).toBe('zh-CN')
    expect(calls.at(-1)).toMatchObject({ path: '/api/v1/me', body: { language: 'zh' } })
})

test('a page of another server is never opened', async () => {
    const { router } = await signingIn({ body: SESSION }, { path: '/sign-in?next=//evil.test/x' })

    expect(router.currentRoute.value.fullPath).toBe('/')
})

test.each([
    ['credentials', 403, 'User name or password is wrong'],
    ['approval_pending', 403, 'waiting for an administrator'],
    ['locked_out', 429, 'locked for 15 more minutes'],
])('the refusal %s (%i) says what to do about it', async (code, status, text) => {
    const { wrapper } = await signingIn(refusal(code, status))

    expect(wrapper.find('[role=alert]').text()).toContain(text)
    expect(wrapper.find('#captcha').exists()).toBe(false)
})

test('the picture is shown from the moment the server asks for it', async () => {
    const { wrapper } = await signingIn(refusal('captcha'))

    expect(wrapper.find('#captcha').exists()).toBe(true)
})
