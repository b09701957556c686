import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ApiError } from '@/api/errors'
import { seen } from './changes'
import { cellOf } from './testCells'
import { queueOf, serverOf } from './testQueue'
import { FIRST_PAUSE_MS } from './useReviewQueue'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => vi.useRealTimers()) // drops what would be sent again
const settle = () => vi.advanceTimersByTimeAsync(0)

test('a cell that a colleague changed is a conflict, and the others of the change are named', async () => {
    const theirs = cellOf(1, { version: 2, reader_class: 'plasma_cell', shown_class: 'plasma_cell' })
    const server = serverOf(theirs, cellOf(2))
    const { queue, answered } = queueOf(server.send)

    queue.push({ verb: 'relabel', readerClass: 'myelocyte' }, [seen(cellOf(1)), seen(cellOf(2))])
    await settle()

    expect(queue.conflicts.value).toEqual([
        { cellId: 1, mine: { verb: 'relabel', readerClass: 'myelocyte' }, theirs },
    ])
    expect(server.held.get(1)).toBe(theirs)
    expect(server.held.get(2)?.reader_class).toBe('myelocyte')
    expect(answered).toContainEqual(theirs)
})

test('what waits behind a conflict is not sent: the last wish is what the reader is asked about', async () => {
    const server = serverOf(cellOf(1, { version: 5 }))
    const { queue } = queueOf(server.send)

    queue.push({ verb: 'relabel', readerClass: 'myelocyte' }, [seen(cellOf(1))])
    queue.push({ verb: 'relabel', readerClass: 'basophil' }, [seen(cellOf(1))])
    await settle()

    expect(server.sent).toHaveLength(1)
    expect(queue.conflicts.value.map((conflict) => conflict.mine.readerClass)).toEqual(['basophil'])
})

test('keeping mine overwrites the colleague knowingly, taking theirs changes nothing', async () => {
    const server = serverOf(cellOf(1, { version: 2 }), cellOf(2, { version: 2 }))
    const { queue } = queueOf(server.send)
    queue.push({ verb: 'relabel', readerClass: 'myelocyte' }, [seen(cellOf(1)), seen(cellOf(2))])
    await settle()
    const [first, second] = queue.conflicts.value
    if (!first || !second) throw new Error('two conflicts were expected')

    queue.keepMine(first)
    queue.takeTheirs(second)
    await settle()

    expect(server.held.get(1)).toMatchObject({ version: 3, reader_class: 'myelocyte' })
    expect(server.held.get(2)).toMatchObject({ version: 2, reader_class: null })
    expect(queue.conflicts.value).toEqual([])
})

test('confirming a class that a colleague replaced is kept as naming it, not as confirming theirs', async () => {
    const server = serverOf(cellOf(1, { version: 2, reader_class: 'basophil', shown_class: 'basophil' }))
    const { queue } = queueOf(server.send)

    queue.push({ verb: 'confirm' }, [seen(cellOf(1))])
    await settle()

    expect(queue.conflicts.value[0]?.mine).toEqual({ verb: 'relabel', readerClass: 'monocyte' })
})

test('a change whose answer was lost is no conflict when it is sent again', async () => {
    const arrived = cellOf(1, { version: 2, reader_class: 'myelocyte', shown_class: 'myelocyte' })
    const server = serverOf(arrived)
    server.faults.push(new ApiError(0, 'unreachable', 'offline'))
    const { queue, answered } = queueOf(server.send)

    queue.push({ verb: 'relabel', readerClass: 'myelocyte' }, [seen(cellOf(1))])
    await vi.advanceTimersByTimeAsync(FIRST_PAUSE_MS)

    expect(queue.conflicts.value).toEqual([])
    expect(answered).toEqual([arrived])
})
