import { effectScope, type EffectScope } from 'vue'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ApiError } from '@/api/errors'
import { seen, type Change } from './changes'
import type { Cell, StepOutcome } from './reviewApi'
import { cellOf } from './testCells'
import { FIRST_PAUSE_MS, useReviewQueue } from './useReviewQueue'

const OFFLINE = new ApiError(0, 'unreachable', 'offline')
const KEY = 'hemascope.review.7.1'
let scope: EffectScope

/** A server that holds cells: relabels those whose version is the one that was seen. */
function serverOf(...cells: Cell[]) {
    const held = new Map(cells.map((cell) => [cell.id, cell]))
    const sent: Change[] = []
    const faults: ApiError[] = []
    async function send(change: Change): Promise<StepOutcome> {
        sent.push(structuredClone(JSON.parse(JSON.stringify(change)) as Change))
        const fault = faults.shift()
        if (fault) throw fault
        const outcome: StepOutcome = { cells: [], conflicts: [] }
        for (const { id, version } of change.cells) {
            const cell = held.get(id)
            if (!cell || cell.version !== version) {
                outcome.conflicts.push({ id, code: 'stale_version', message: 'stale', cell: cell ?? null })
                continue
            }
            const named = change.readerClass ?? null
            const after = { ...cell, version: version + 1, reader_class: named, shown_class: named ?? '' }
            held.set(id, after)
            outcome.cells.push(after)
        }
        return outcome
    }
    return { held, sent, faults, send }
}

function queueOf(send: (change: Change) => Promise<StepOutcome>) {
    const answered: Cell[] = []
    const refused: string[] = []
    scope = effectScope()
    const queue = scope.run(() =>
        useReviewQueue({
            storageKey: KEY,
            send,
            onAnswer: (cells) => answered.push(...cells),
            onRefused: (error) => refused.push(error.message),
        }),
    )
    if (!queue) throw new Error('the scope has ended')
    return { queue, answered, refused }
}

beforeEach(() => void vi.useFakeTimers())
afterEach(() => {
    scope.stop()
    vi.useRealTimers()
})
const settle = () => vi.advanceTimersByTimeAsync(0)

test('changes are sent one by one in their order, each with the version that the one before left', async () => {
    const server = serverOf(cellOf(1))
    const { queue } = queueOf(server.send)

    queue.push({ verb: 'relabel', readerClass: 'myelocyte' }, [seen(cellOf(1))])
    queue.push({ verb: 'relabel', readerClass: 'basophil' }, [seen(cellOf(1))])
    await settle()

    expect(server.sent.map((change) => [change.readerClass, change.cells[0]?.version])).toEqual([
        ['myelocyte', 1],
        ['basophil', 2],
    ])
    expect(server.held.get(1)?.reader_class).toBe('basophil')
    expect(queue.pending.value).toEqual([])
    expect(queue.conflicts.value).toEqual([])
})

test.each([OFFLINE, new ApiError(503, 'unavailable', 'busy')])(
    'a change waits and is sent again, ever later, while the server fails with $status',
    async (fault) => {
        const server = serverOf(cellOf(1))
        server.faults.push(fault, fault)
        const { queue } = queueOf(server.send)

        queue.push({ verb: 'relabel', readerClass: 'myelocyte' }, [seen(cellOf(1))])
        await settle()
        expect(queue.isWaiting.value).toBe(true)
        await vi.advanceTimersByTimeAsync(FIRST_PAUSE_MS)
        expect(server.sent).toHaveLength(2)
        await vi.advanceTimersByTimeAsync(FIRST_PAUSE_MS)
        expect(server.sent).toHaveLength(2)
        await vi.advanceTimersByTimeAsync(FIRST_PAUSE_MS)

        expect(server.held.get(1)?.reader_class).toBe('myelocyte')
        expect(queue.isWaiting.value).toBe(false)
    },
)

test('waiting changes survive a reload and are sent afterwards', async () => {
    const broken = serverOf(cellOf(1), cellOf(2))
    broken.faults.push(OFFLINE)
    const before = queueOf(broken.send)
    before.queue.push({ verb: 'relabel', readerClass: 'myelocyte' }, [seen(cellOf(1))])
    before.queue.push({ verb: 'relabel', readerClass: 'basophil' }, [seen(cellOf(2))])
    await settle()
    scope.stop()

    const server = serverOf(cellOf(1), cellOf(2))
    const { queue, answered } = queueOf(server.send)
    expect(queue.pending.value).toHaveLength(2)
    await settle()

    expect(answered.map((cell) => cell.reader_class)).toEqual(['myelocyte', 'basophil'])
    expect(localStorage.getItem(KEY)).toBeNull()
})

test('the connection coming back sends at once', async () => {
    const server = serverOf(cellOf(1))
    server.faults.push(OFFLINE)
    const { queue } = queueOf(server.send)
    queue.push({ verb: 'relabel', readerClass: 'myelocyte' }, [seen(cellOf(1))])
    await settle()

    window.dispatchEvent(new Event('online'))
    await settle()

    expect(queue.pending.value).toEqual([])
})

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
    server.faults.push(OFFLINE)
    const { queue, answered } = queueOf(server.send)

    queue.push({ verb: 'relabel', readerClass: 'myelocyte' }, [seen(cellOf(1))])
    await vi.advanceTimersByTimeAsync(FIRST_PAUSE_MS)

    expect(queue.conflicts.value).toEqual([])
    expect(answered).toEqual([arrived])
})

test('a change that the server refuses is told and holds up no other', async () => {
    const server = serverOf(cellOf(1), cellOf(2))
    server.faults.push(new ApiError(409, 'conflict', 'the case is signed'))
    const { queue, refused } = queueOf(server.send)

    queue.push({ verb: 'relabel', readerClass: 'myelocyte' }, [seen(cellOf(1))])
    queue.push({ verb: 'relabel', readerClass: 'basophil' }, [seen(cellOf(2))])
    await settle()

    expect(refused).toEqual(['the case is signed'])
    expect(server.held.get(2)?.reader_class).toBe('basophil')
})

test('only a change that was never sent can be taken back', async () => {
    const server = serverOf(cellOf(1), cellOf(2))
    server.faults.push(OFFLINE)
    const { queue } = queueOf(server.send)
    queue.push({ verb: 'relabel', readerClass: 'myelocyte' }, [seen(cellOf(1))])
    queue.push({ verb: 'relabel', readerClass: 'basophil' }, [seen(cellOf(2))])
    await settle()

    expect(queue.takeBack()?.readerClass).toBe('basophil')
    expect(queue.takeBack()).toBeUndefined()
})

test('changes of more cells than the server takes go in several requests', async () => {
    const cells = Array.from({ length: 2001 }, (_, index) => cellOf(index + 1))
    const server = serverOf(...cells)
    const { queue } = queueOf(server.send)

    queue.push({ verb: 'relabel', readerClass: 'myelocyte' }, cells.map(seen))
    await settle()

    expect(server.sent.map((change) => change.cells.length)).toEqual([2000, 1])
})
