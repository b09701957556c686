import { effectScope } from 'vue'
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ApiError } from '@/api/errors'
import { seen } from './changes'
import { ANSWER_MS } from './openPages'
import { cellOf } from './testCells'
import { KEY, queueOf, serverOf } from './testQueue'
import { FIRST_PAUSE_MS } from './useReviewQueue'
import { useReviewQueues } from './useReviewQueues'

const OFFLINE = new ApiError(0, 'unreachable', 'offline')
beforeEach(() => void vi.useFakeTimers())
afterEach(() => vi.useRealTimers()) // drops what would be sent again
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
    before.scope.stop()

    const server = serverOf(cellOf(1), cellOf(2))
    const { answered } = queueOf(server.send)
    await vi.advanceTimersByTimeAsync(ANSWER_MS)

    expect(answered.map((cell) => cell.reader_class)).toEqual(['myelocyte', 'basophil'])
    expect(localStorage).toHaveLength(0)
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

    expect(queue.takeBack()).toBe(true)
    expect(queue.pending.value.map(({ readerClass }) => readerClass)).toEqual(['myelocyte'])
    expect(queue.takeBack()).toBe(false)
})

test('changes of more cells than the server takes go in several requests', async () => {
    const cells = Array.from({ length: 2001 }, (_, index) => cellOf(index + 1))
    const server = serverOf(...cells)
    const { queue } = queueOf(server.send)

    queue.push({ verb: 'relabel', readerClass: 'myelocyte' }, cells.map(seen))
    await settle()

    expect(server.sent.map((change) => change.cells.length)).toEqual([2000, 1])
})

test('a queue goes on when its page is left, and the page that is opened again hears of it', async () => {
    setActivePinia(createPinia())
    const server = serverOf(cellOf(1))
    server.faults.push(OFFLINE)
    const queues = useReviewQueues()
    const options = { storageKey: KEY, send: server.send }
    const heard: string[] = []
    const listenerOf = (name: string) => ({ onAnswer: () => heard.push(name), onRefused: () => {} })
    const scope = effectScope()

    const before = scope.run(() => queues.of(options, listenerOf('before')))
    before?.push({ verb: 'relabel', readerClass: 'myelocyte' }, [seen(cellOf(1))])
    await settle()
    scope.stop()
    expect(queues.of(options, listenerOf('after'))).toBe(before)
    await settle()

    expect(server.held.get(1)?.reader_class).toBe('myelocyte')
    expect(heard).toEqual(['after'])
})
