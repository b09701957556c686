import { DOMWrapper, flushPromises } from '@vue/test-utils'
import { afterEach, expect, test, vi } from 'vitest'
import { mountInApp } from '@/testing/mounting'
import SecretDialog from './SecretDialog.vue'

afterEach(() => {
    document.body.innerHTML = ''
    vi.unstubAllGlobals()
})

async function copying(clipboard?: { writeText: (text: string) => Promise<void> }): Promise<string> {
    vi.stubGlobal('navigator', { clipboard })
    await mountInApp(SecretDialog, { props: { title: 'Token', secret: 'hema_1' } })
    await flushPromises()
    await new DOMWrapper(document.body).find('.el-input-group__append button').trigger('click')
    await flushPromises()
    return document.querySelector('.el-message')?.textContent ?? ''
}

test('a secret is copied', async () => {
    const writeText = vi.fn(() => Promise.resolve())

    expect(await copying({ writeText })).toContain('Copied')
    expect(writeText).toHaveBeenCalledWith('hema_1')
})

test.each([
    ['without a clipboard', undefined],
    ['with one that refuses', { writeText: () => Promise.reject(new Error('denied')) }],
])('%s the person is told to copy by hand', async (_, clipboard) => {
    expect(await copying(clipboard)).toContain('Ctrl+C')
})
