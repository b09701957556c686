import createClient, { type Middleware } from 'openapi-fetch'
import type { paths } from './generated/schema'
import { ApiError, isErrorBody } from './errors'

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS'])

function cookie(name: string): string {
    const found = document.cookie.split('; ').find((pair) => pair.startsWith(`${name}=`))
    return found ? decodeURIComponent(found.slice(name.length + 1)) : ''
}

/** Headers that every request carries; also for `XMLHttpRequest`, which uploads need for their progress. */
export function requestHeaders(method: string): Record<string, string> {
    const headers: Record<string, string> = { 'Accept-Language': document.documentElement.lang }
    if (!SAFE_METHODS.has(method)) headers['X-CSRFToken'] = cookie('csrftoken')
    return headers
}

let whenSignedOut = () => {}

/** Called once at the start: what happens when the server says that nobody is signed in (any more). */
export function onSignedOut(react: () => void): void {
    whenSignedOut = react
}

/** The error that an answer stands for; also tells the session where it has ended. */
export function errorOfAnswer(status: number, body: unknown): ApiError {
    if (status === 401) whenSignedOut()
    return isErrorBody(body)
        ? new ApiError(status, body.code, body.message, body.detail)
        : new ApiError(status, 'unreadable_answer', `HTTP ${status}`)
}

const headersAndErrors: Middleware = {
    onRequest({ request }) {
        for (const [name, value] of Object.entries(requestHeaders(request.method)))
            request.headers.set(name, value)
        return request
    },
    async onResponse({ response }) {
        if (response.ok) return undefined
        const body: unknown = await response.json().catch(() => undefined)
        throw errorOfAnswer(response.status, body)
    },
    onError({ error }) {
        return error instanceof ApiError ? error : new ApiError(0, 'unreachable', String(error))
    },
}

/** The typed client of /api/v1. Every call either returns data or throws an `ApiError`. */
export const api = createClient<paths>({
    baseUrl: '/',
    credentials: 'same-origin',
    fetch: (request) => fetch(request), // looked up at each call, so that a test can stand in for the server
})
api.use(headersAndErrors)

/** `await data(api.GET(...))`: the answer's body; errors have been thrown by the middleware. */
export async function data<T>(answer: Promise<{ data?: T }>): Promise<T> {
    return (await answer).data as T
}
