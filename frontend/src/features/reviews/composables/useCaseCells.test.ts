import { effectScope, ref } from 'vue'
import { afterEach, expect, test, vi } from 'vitest'
import { serverAnswers } from '@/testing/server'
import { cellOf } from './testCells'
import { POLL_MS, useCaseCells } from './useCaseCells'

afterEach(() => void vi.useRealTimers())

test('cells that a second detection replaced go, the new ones come, and how many went is told', async () => {
    vi.useFakeTimers()
    const later = () => vi.advanceTimersByTimeAsync(POLL_MS)
    let now = { listing: '1', cells: [cellOf(1), cellOf(2), cellOf(3)] }
    const calls = serverAnswers({
        'GET /api/v1/reviews/cases/1/progress': () => ({ body: { sequence: 40, listing: now.listing } }),
        'GET /api/v1/reviews/cells': () => ({ body: { next: null, previous: null, results: now.cells } }),
        'GET /api/v1/reviews/cases/1/changes': () => ({
            body: { cells: [], sequence: 40, has_more: false, listing: now.listing },
        }),
    })
    const scope = effectScope()
    const found = scope.run(() => useCaseCells(1, 5, ref([])))
    await later()
    expect(found?.replaced.value).toBe(0)

    now = { listing: '2', cells: [cellOf(1), cellOf(7)] }
    await later()
    await later()

    expect(found?.cells.value.map(({ id }) => id)).toEqual([1, 7])
    expect(found?.replaced.value).toBe(2)
    expect(calls.filter(({ path }) => path.endsWith('/cells'))).toHaveLength(2)
    scope.stop()
})
