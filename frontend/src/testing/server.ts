import { vi } from 'vitest'

interface Call {
    method: string
    path: string
    query: URLSearchParams
    body: unknown
}
type Answer = { status?: number; body?: unknown }

/**
 * Stands in for the server at the network's edge: `answers['GET /api/v1/cases']` is what it says, a function sees the
 * call. An address that no answer names fails the test. Returns the calls in their order.
 */
export function serverAnswers(answers: Record<string, Answer | ((call: Call) => Answer)>): Call[] {
    const calls: Call[] = []
    vi.stubGlobal('fetch', async (request: Request) => {
        const address = new URL(request.url)
        const text = await request.text()
        const call: Call = {
            method: request.method,
            path: address.pathname,
            query: address.searchParams,
            body:
                text && request.headers.get('Content-Type')?.includes('json')
                    ? JSON.parse(text)
                    : text || undefined,
        }
        calls.push(call)
        const answer = answers[`${call.method} ${call.path}`]
        if (!answer) throw new TypeError(`no answer for ${call.method} ${call.path}`)
        const { status = 200, body } = typeof answer === 'function' ? answer(call) : answer
        return new Response(body === undefined ? null : JSON.stringify(body), { status })
    })
    return calls
}
