import { defineComponent, h } from 'vue'
import { flushPromises } from '@vue/test-utils'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ApiError } from '@/api/errors'
import { mountInApp } from '@/testing/mounting'
import type { Outcome, sendFile, UploadOptions } from './sendFiles'
import { useUploadQueue } from './useUploadQueue'

const OPTIONS: UploadOptions = { caseId: 3, kind: 'field', micronsPerPixel: null }

interface Sending {
    file: File
    onSent: (share: number) => void
    signal: AbortSignal
    resolve: (outcomes: Outcome[]) => void
    reject: (error: Error) => void
}
let sendings: Sending[]
const arrived = vi.fn()
const send: typeof sendFile = (file, _options, onSent, signal) =>
    new Promise((resolve, reject) => sendings.push({ file, onSent, signal, resolve, reject }))

function outcome(status: Outcome['status'], message = ''): Outcome {
    return { name: 'a.png', status, field: null, error_code: '', error_message: message }
}

function files(count: number): File[] {
    return Array.from({ length: count }, (_, index) => new File(['x'], `${index}.png`))
}

async function mounted() {
    let queue: ReturnType<typeof useUploadQueue> | undefined
    const Host = defineComponent({
        setup() {
            queue = useUploadQueue(arrived, send)
            return () => h('div')
        },
    })
    const { wrapper } = await mountInApp(Host)
    if (!queue) throw new Error('the host was not set up')
    return { queue, wrapper }
}

beforeEach(() => {
    sendings = []
    arrived.mockClear()
})
afterEach(() => {
    document.body.innerHTML = ''
})

test('two hundred files go three at a time, each once', async () => {
    const { queue } = await mounted()
    queue.add(files(200), OPTIONS)
    let answered = 0
    while (answered < 200) {
        expect(sendings.length - answered).toBeLessThanOrEqual(3)
        sendings[answered]?.resolve([outcome('created')])
        answered += 1
        await flushPromises()
    }
    expect(new Set(sendings.map((sending) => sending.file.name)).size).toBe(200)
    expect(queue.counts.value).toMatchObject({ done: 200, created: 200, failed: 0 })
    expect(queue.isBusy.value).toBe(false)
})

test('a refused file keeps the reason of the server and stops no other', async () => {
    const { queue } = await mounted()
    queue.add(files(2), OPTIONS)
    sendings[0]?.resolve([outcome('refused', 'This is no image.')])
    sendings[1]?.resolve([outcome('duplicate')])
    await flushPromises()
    expect(queue.uploads[0]?.outcomes[0]?.error_message).toBe('This is no image.')
    expect(queue.counts.value).toMatchObject({ done: 2, refused: 1, duplicate: 1, failed: 0 })
    expect(arrived).not.toHaveBeenCalled()
})

test('what failed on the way is sent again on demand, what arrived is not', async () => {
    const { queue } = await mounted()
    queue.add(files(2), OPTIONS)
    sendings[0]?.reject(new ApiError(0, 'unreachable', 'no answer'))
    sendings[1]?.resolve([outcome('created')])
    await flushPromises()
    expect(queue.uploads[0]).toMatchObject({ state: 'failed' })
    expect(queue.uploads[0]?.reason).toMatch(/cannot be reached/)
    queue.retryFailed()
    expect(sendings.slice(2).map((sending) => sending.file.name)).toEqual(['0.png'])
    sendings[2]?.resolve([outcome('created')])
    await flushPromises()
    expect(queue.counts.value).toMatchObject({ created: 2, failed: 0 })
})

test('each file shows how much of it has gone', async () => {
    const { queue } = await mounted()
    queue.add(files(1), OPTIONS)
    sendings[0]?.onSent(0.4)
    expect(queue.uploads[0]).toMatchObject({ state: 'sending', share: 0.4 })
})

test('an archive gives one outcome an image', async () => {
    const { queue } = await mounted()
    queue.add(files(1), OPTIONS)
    sendings[0]?.resolve([outcome('created'), outcome('created'), outcome('duplicate')])
    await flushPromises()
    expect(queue.counts.value).toMatchObject({ files: 1, created: 2, duplicate: 1 })
})

test('leaving the page stops what is on its way and begins nothing more', async () => {
    const { queue, wrapper } = await mounted()
    queue.add(files(5), OPTIONS)
    wrapper.unmount()
    expect(sendings.every((sending) => sending.signal.aborted)).toBe(true)
    for (const sending of [...sendings]) sending.reject(new ApiError(0, 'stopped', 'stopped'))
    await flushPromises()
    expect(sendings).toHaveLength(3)
})

test('clearing the list takes away what is done and keeps what failed', async () => {
    const { queue } = await mounted()
    queue.add(files(2), OPTIONS)
    sendings[0]?.resolve([outcome('created')])
    sendings[1]?.reject(new ApiError(500, 'internal', 'It broke.'))
    await flushPromises()
    queue.clear()
    expect(queue.uploads.map((upload) => upload.file.name)).toEqual(['1.png'])
})
