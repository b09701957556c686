import { expect, test, vi } from 'vitest'
import { api, data } from './client'

const answerWith = (text: string, status = 200) =>
    vi.stubGlobal('fetch', async () => new Response(text, { status }))

test.each(['{"user": ', ''])(
    'an answer that broke off (%j) counts as none: worth sending again',
    async (text) => {
        answerWith(text.padEnd(text.length + 1))

        await expect(data(api.GET('/api/v1/session'))).rejects.toMatchObject({
            name: 'ApiError',
            status: 0,
            isTemporary: true,
        })
    },
)

test("the server's own refusal is thrown as it came", async () => {
    answerWith(JSON.stringify({ code: 'conflict', message: 'the case is signed', detail: {} }), 409)

    await expect(data(api.GET('/api/v1/session'))).rejects.toMatchObject({ status: 409, code: 'conflict' })
})
