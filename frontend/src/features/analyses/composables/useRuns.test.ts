import { defineComponent, h } from 'vue'
import { flushPromises } from '@vue/test-utils'
import { afterEach, expect, test, vi } from 'vitest'
import { mountInApp } from '@/testing/mounting'
import { serverAnswers } from '@/testing/server'
import { percentDone, pollInterval, useRuns, type Run } from './useRuns'

function run(changes: Partial<Run>): Run {
    return {
        id: 'a',
        task: 'detection',
        status: 'running',
        progress_done: 1,
        progress_total: 4,
        created_at: '2026-01-01T10:00:00Z',
        ...changes,
    } as Run
}

afterEach(() => {
    vi.useRealTimers()
    vi.unstubAllGlobals()
})

test.each(['queued', 'running'] as const)('runs are asked for again while one is %s', (status) => {
    expect(pollInterval([run({ status: 'done' }), run({ status })])).toBeGreaterThan(0)
})

test.each(['done', 'failed', 'cancelled'] as const)('nothing is asked for when all are %s', (status) => {
    expect(pollInterval([run({ status })])).toBe(false)
})

test('progress is unknown until the worker has said how much there is, and full when it is done', () => {
    expect(percentDone(run({ progress_total: 0, progress_done: 0 }))).toBeUndefined()
    expect(percentDone(run({}))).toBe(25)
    expect(percentDone(run({ status: 'done', progress_total: 0 }))).toBe(100)
})

test('runs are followed until done, and what they wrote is read again', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] })
    let detection = run({ progress_done: 0 })
    const calls = serverAnswers({
        'GET /api/v1/cases/3/detection-runs': () => ({ body: { count: 1, results: [detection] } }),
        'GET /api/v1/cases/3/recognition-runs': { body: { count: 0, results: [] } },
    })
    const asked = () => calls.filter((call) => call.path.endsWith('detection-runs')).length
    const Host = defineComponent({
        setup() {
            useRuns(3)
            return () => h('div')
        },
    })
    const { queryClient, wrapper } = await mountInApp(Host)
    const reread = vi.spyOn(queryClient, 'invalidateQueries')
    await vi.advanceTimersByTimeAsync(100)
    expect(asked()).toBe(1)
    expect(reread).not.toHaveBeenCalled()

    detection = run({ status: 'done', progress_done: 4 })
    await vi.advanceTimersByTimeAsync(2000)
    expect(asked()).toBe(2)
    expect(reread).toHaveBeenCalledWith({ queryKey: ['fields'] })
    expect(reread).toHaveBeenCalledWith({ queryKey: ['cells'] })

    await vi.advanceTimersByTimeAsync(10_000)
    await flushPromises()
    expect(asked()).toBe(2)
    wrapper.unmount()
})
