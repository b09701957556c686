import { errorOfAnswer, requestHeaders } from '@/api/client'
import { ApiError } from '@/api/errors'
import type { Schema } from '@/api/types'

export interface UploadOptions {
    caseId: number
    kind: Schema<'KindEnum'>
    /** null: not known */
    micronsPerPixel: number | null
}
export type Outcome = Schema<'UploadOutcome'>

/**
 * Sends one file (an image, or a ZIP of images) and tells how much has gone; `fetch` cannot tell that.
 * Throws `ApiError`; a stopped request has the code `stopped`.
 */
export function sendFile(
    file: File,
    options: UploadOptions,
    onSent: (share: number) => void,
    signal: AbortSignal,
): Promise<Outcome[]> {
    const form = new FormData()
    form.append('files', file)
    form.append('kind', options.kind)
    if (options.micronsPerPixel !== null) form.append('microns_per_pixel', String(options.micronsPerPixel))
    return new Promise((resolve, reject) => {
        const request = new XMLHttpRequest()
        request.open('POST', `/api/v1/cases/${options.caseId}/fields`)
        for (const [name, value] of Object.entries(requestHeaders('POST')))
            request.setRequestHeader(name, value)
        request.responseType = 'json'
        request.upload.onprogress = (event) => event.lengthComputable && onSent(event.loaded / event.total)
        request.onload = () => {
            if (request.status === 200) resolve(request.response as Outcome[])
            else reject(errorOfAnswer(request.status, request.response))
        }
        request.onerror = () => reject(new ApiError(0, 'unreachable', 'no answer'))
        request.onabort = () => reject(new ApiError(0, 'stopped', 'stopped'))
        signal.addEventListener('abort', () => request.abort())
        request.send(form)
    })
}
