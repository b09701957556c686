/** What the server answers when it refuses: one shape, see docs of the API. */
export interface ErrorBody {
    code: string
    message: string
    detail: Record<string, unknown>
}

/** Any failed request. `status` 0 means that no answer came: offline, or the server is down. */
export class ApiError extends Error {
    constructor(
        readonly status: number,
        readonly code: string,
        message: string,
        readonly detail: Record<string, unknown> = {},
    ) {
        super(message)
        this.name = 'ApiError'
    }

    /** The server could not be reached or failed by itself: worth trying again later. */
    get isTemporary(): boolean {
        return this.status === 0 || this.status >= 500 || this.status === 429
    }

    /** First message of each wrong field of a form (`code` is `validation`), by its dotted path. */
    get fieldMessages(): Record<string, string> {
        const messages: Record<string, string> = {}
        for (const [path, faults] of Object.entries(this.detail)) {
            const first: unknown = Array.isArray(faults) ? faults[0] : undefined
            if (first && typeof first === 'object' && 'message' in first)
                messages[path] = String(first.message)
        }
        return messages
    }
}

export function isErrorBody(body: unknown): body is ErrorBody {
    return typeof body === 'object' && body !== null && 'code' in body && 'message' in body
}
