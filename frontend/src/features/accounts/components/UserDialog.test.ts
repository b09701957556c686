import { DOMWrapper, flushPromises } from '@vue/test-utils'
import { afterEach, expect, test, vi } from 'vitest'
import { mountInApp } from '@/testing/mounting'
import { serverAnswers } from '@/testing/server'
import type { User } from '../composables/useUsers'
import UserDialog from './UserDialog.vue'

afterEach(() => (document.body.innerHTML = ''))

const inDialog = new DOMWrapper(document.body) // dialogs are no children of the component

const LIN = {
    id: 7,
    username: 'lin',
    nickname: 'Lin',
    email: 'lin@lab.test',
    phone: '',
    sex: '',
    language: 'zh',
    department: null,
    role: 'viewer',
    is_approved: true,
    is_active: true,
} as unknown as User

async function saving(user: User, answer: { status?: number; body: unknown } = { body: LIN }) {
    const calls = serverAnswers({
        'GET /api/v1/departments': { body: { count: 0, results: [] } },
        'PATCH /api/v1/users/7': answer,
    })
    const { wrapper } = await mountInApp(UserDialog, { props: { user } })
    await flushPromises()
    await inDialog.find('#phone').setValue('123')
    await inDialog.find('form').trigger('submit')
    await flushPromises()
    return { wrapper, sent: calls.at(-1)?.body }
}

test('an account is changed with its role', async () => {
    const { wrapper, sent } = await saving(LIN)

    expect(sent).toMatchObject({ phone: '123', role: 'viewer', language: 'zh' })
    expect(sent).not.toHaveProperty('password')
    expect(wrapper.emitted('saved')).toHaveLength(1)
})

test('the role of an account that waits for approval is given with the approval and not before', async () => {
    expect((await saving({ ...LIN, is_approved: false })).sent).not.toHaveProperty('role')
})

test('a refused change leaves the dialog open with the reason at its field', async () => {
    const detail = { phone: [{ code: 'x', message: 'No such number.' }] }
    const { wrapper } = await saving(LIN, { status: 400, body: { code: 'validation', message: '', detail } })

    await vi.waitFor(() =>
        expect(inDialog.find('.el-form-item:has(#phone)').text()).toContain('No such number.'),
    )
    expect(wrapper.emitted('saved')).toBeUndefined()
})
