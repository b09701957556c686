import { requestHeaders, errorOfAnswer } from './client'
import { ApiError } from './errors'

const NAME = /filename\*?=(?:UTF-8'')?"?([^";]+)"?/i

/** Fetches a file and hands it to the person under the name that the server gave it. Throws `ApiError`. */
export async function download(address: string): Promise<void> {
    const answer = await fetch(address, { headers: requestHeaders('GET'), credentials: 'same-origin' }).catch(
        (error: unknown) => {
            throw new ApiError(0, 'unreachable', String(error))
        },
    )
    if (!answer.ok) throw errorOfAnswer(answer.status, await answer.json().catch(() => undefined))
    const name = NAME.exec(answer.headers.get('Content-Disposition') ?? '')?.[1] ?? 'hemascope'
    handOver(await answer.blob(), decodeURIComponent(name))
}

/** Lets the browser save a file that is here already. */
export function handOver(content: Blob, name: string): void {
    const link = document.createElement('a')
    link.href = URL.createObjectURL(content)
    link.download = name
    link.click()
    URL.revokeObjectURL(link.href)
}
