import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ApiError } from '@/api/errors'
import { seen } from './changes'
import type { StepOutcome } from './reviewApi'
import { cellOf } from './testCells'
import { queueOf, serverOf } from './testQueue'
import { FIRST_PAUSE_MS } from './useReviewQueue'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => vi.useRealTimers())
const settle = () => vi.advanceTimersByTimeAsync(0)
const NOTHING: StepOutcome = { cells: [], conflicts: [] }

/** A queue to a server that answers each request only when it is told to, and what arrived there. */
function slowServer() {
    const server = serverOf(cellOf(1), cellOf(2))
    const arrived: string[] = []
    const waiting: (() => void)[] = []
    const turn = (name: string) => {
        arrived.push(name)
        return new Promise<void>((resolve) => waiting.push(resolve))
    }
    const { queue } = queueOf(async (change) => {
        await turn(change.readerClass ?? change.verb)
        return server.send(change)
    })
    async function undo(name = 'undo', outcome = NOTHING): Promise<StepOutcome> {
        return queue.reverse(() => turn(name).then(() => outcome))
    }
    async function answer(): Promise<void> {
        waiting.shift()?.()
        await settle()
    }
    return { server, queue, arrived, undo, answer }
}

test('undo goes before what is named while it waits, so that it never takes back the later step', async () => {
    const { queue, arrived, undo, answer } = slowServer()

    queue.push({ verb: 'relabel', readerClass: 'myelocyte' }, [seen(cellOf(1))])
    void undo()
    queue.push({ verb: 'relabel', readerClass: 'basophil' }, [seen(cellOf(2))])
    for (let turns = 0; turns < 3; turns++) await answer()

    expect(arrived).toEqual(['myelocyte', 'undo', 'basophil'])
})

test('several undos keep their places among the changes', async () => {
    const { queue, arrived, undo, answer } = slowServer()

    void undo('first')
    void undo('second')
    queue.push({ verb: 'relabel', readerClass: 'myelocyte' }, [seen(cellOf(1))])
    await settle()
    expect(arrived).toEqual(['first'])
    for (let turns = 0; turns < 3; turns++) await answer()

    expect(arrived).toEqual(['first', 'second', 'myelocyte'])
})

test('a cell that was named while its undo was on the way is named, and is no conflict', async () => {
    const { server, queue, undo, answer } = slowServer()
    const undone = cellOf(1, { version: 2 })
    void undo('undo', { cells: [undone], conflicts: [] })
    queue.push({ verb: 'relabel', readerClass: 'basophil' }, [seen(cellOf(1))])
    server.held.set(1, undone)

    await answer()
    await answer()

    expect(server.held.get(1)).toMatchObject({ version: 3, reader_class: 'basophil' })
    expect(queue.conflicts.value).toEqual([])
})

test('an undo that the server refuses is told and holds up no change', async () => {
    const server = serverOf(cellOf(1))
    const { queue } = queueOf(server.send)

    const refused = queue.reverse(() => Promise.reject(new ApiError(409, 'conflict', 'nothing to undo')))
    queue.push({ verb: 'relabel', readerClass: 'basophil' }, [seen(cellOf(1))])

    await expect(refused).rejects.toThrow('nothing to undo')
    await settle()
    expect(server.held.get(1)?.reader_class).toBe('basophil')
})

test('what was taken back and put in again knows what the change before it left', async () => {
    const server = serverOf(cellOf(1))
    server.faults.push(new ApiError(0, 'unreachable', 'offline'))
    const { queue } = queueOf(server.send)
    queue.push({ verb: 'relabel', readerClass: 'myelocyte' }, [seen(cellOf(1))])
    queue.push({ verb: 'relabel', readerClass: 'basophil' }, [seen(cellOf(1))])
    await settle()

    queue.takeBack()
    await vi.advanceTimersByTimeAsync(FIRST_PAUSE_MS)
    expect(server.held.get(1)).toMatchObject({ version: 2, reader_class: 'myelocyte' })
    queue.putBack()
    await settle()

    expect(server.held.get(1)).toMatchObject({ version: 3, reader_class: 'basophil' })
    expect(queue.conflicts.value).toEqual([])
})

test('a lost answer is no conflict either when the reader has named the cell again since', async () => {
    const arrived = cellOf(1, { version: 2, reader_class: 'myelocyte', shown_class: 'myelocyte' })
    const server = serverOf(arrived)
    server.faults.push(new ApiError(0, 'unreachable', 'offline'))
    const { queue } = queueOf(server.send)

    queue.push({ verb: 'relabel', readerClass: 'myelocyte' }, [seen(cellOf(1))])
    queue.push({ verb: 'relabel', readerClass: 'basophil' }, [seen(cellOf(1))])
    await vi.advanceTimersByTimeAsync(FIRST_PAUSE_MS)

    expect(queue.conflicts.value).toEqual([])
    expect(server.held.get(1)).toMatchObject({ version: 3, reader_class: 'basophil' })
})
