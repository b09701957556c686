import { computed, onScopeDispose, reactive } from 'vue'
import { ApiError } from '@/api/errors'
import { useReporting } from '@/composables/useReporting'
import { sendFile, type Outcome, type UploadOptions } from './sendFiles'

const AT_ONCE = 3

export interface Upload {
    id: number
    file: File
    options: UploadOptions
    /** `failed`: the request did not succeed, try again; what the server refused is in the outcomes */
    state: 'waiting' | 'sending' | 'done' | 'failed'
    /** 0 to 1 */
    share: number
    outcomes: Outcome[]
    reason: string
}

/**
 * Files on their way to the server: a few at once, each with its progress and what became of it. One request a file,
 * so that a lost connection costs one file; files that are there already come back as duplicates.
 */
export function useUploadQueue(onArrived: () => void, send: typeof sendFile = sendFile) {
    const uploads = reactive<Upload[]>([])
    const stop = new AbortController()
    const { messageOf } = useReporting()
    let lastId = 0
    let running = 0

    function add(files: readonly File[], options: UploadOptions): void {
        for (const file of files) {
            lastId += 1
            uploads.push({ id: lastId, file, options, state: 'waiting', share: 0, outcomes: [], reason: '' })
        }
        goOn()
    }

    function goOn(): void {
        while (running < AT_ONCE) {
            const next = uploads.find((upload) => upload.state === 'waiting')
            if (!next) return
            void run(next)
        }
    }

    async function run(upload: Upload): Promise<void> {
        running += 1
        upload.state = 'sending'
        try {
            upload.outcomes = await send(
                upload.file,
                upload.options,
                (share) => (upload.share = share),
                stop.signal,
            )
            upload.state = 'done'
            if (upload.outcomes.some((outcome) => outcome.status === 'created')) onArrived()
        } catch (error) {
            upload.state = 'failed'
            upload.reason = messageOf(error)
            if (!(error instanceof ApiError)) throw error
        } finally {
            running -= 1
            if (!stop.signal.aborted) goOn()
        }
    }

    function retryFailed(): void {
        for (const upload of uploads) {
            if (upload.state === 'failed') Object.assign(upload, { state: 'waiting', share: 0, reason: '' })
        }
        goOn()
    }

    /** Takes away what is finished, refused files too. */
    function clear(): void {
        const left = uploads.filter((upload) => upload.state !== 'done')
        uploads.splice(0, uploads.length, ...left)
    }

    const counts = computed(() => {
        const outcomes = uploads.flatMap((upload) => upload.outcomes)
        const having = (status: Outcome['status']) => outcomes.filter((row) => row.status === status).length
        return {
            files: uploads.length,
            done: uploads.filter((upload) => upload.state === 'done').length,
            failed: uploads.filter((upload) => upload.state === 'failed').length,
            created: having('created'),
            duplicate: having('duplicate'),
            refused: having('refused'),
        }
    })
    const isBusy = computed(() =>
        uploads.some((upload) => upload.state === 'waiting' || upload.state === 'sending'),
    )

    onScopeDispose(() => stop.abort())

    return { uploads, counts, isBusy, add, retryFailed, clear }
}
