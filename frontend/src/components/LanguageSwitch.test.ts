import { flushPromises } from '@vue/test-utils'
import { afterEach, beforeAll, expect, test } from 'vitest'
import type { Schema } from '@/api/types'
import { i18n, showLocale } from '@/i18n'
import { useSession } from '@/stores/session'
import { mountInApp } from '@/testing/mounting'
import { serverAnswers } from '@/testing/server'
import LanguageSwitch from './LanguageSwitch.vue'

beforeAll(async () => {
    await showLocale('zh-CN') // loads it
    await showLocale('en')
})
afterEach(() => showLocale('en'))

test('who is signed in finds the language again on the next machine', async () => {
    const calls = serverAnswers({ 'PATCH /api/v1/me': { body: { language: 'zh' } } })
    const { wrapper } = await mountInApp(LanguageSwitch)
    useSession().takeUser({ language: 'en' } as Schema<'User'>)

    await wrapper.find('[lang="zh-CN"]').trigger('click')
    await flushPromises()

    expect(i18n.global.locale.value).toBe('zh-CN')
    expect(calls.map(({ body }) => body)).toEqual([{ language: 'zh' }])
    expect(useSession().user?.language).toBe('zh')
})

test('a stranger changes the page only', async () => {
    const calls = serverAnswers({})
    const { wrapper } = await mountInApp(LanguageSwitch)

    await wrapper.find('[lang="zh-CN"]').trigger('click')
    await flushPromises()

    expect(i18n.global.locale.value).toBe('zh-CN')
    expect(calls).toEqual([])
})
