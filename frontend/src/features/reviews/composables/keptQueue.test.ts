import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ApiError } from '@/api/errors'
import { seen } from './changes'
import { ANSWER_MS } from './openPages'
import { cellOf } from './testCells'
import { queueOf, serverOf } from './testQueue'

/** Pages of one browser: what one says the others hear at once. */
class Channels {
    static open = new Set<Channels>()
    onmessage: (event: { data: unknown }) => void = () => {}
    constructor(readonly name: string) {
        Channels.open.add(this)
    }
    postMessage(data: unknown): void {
        for (const one of Channels.open) if (one !== this && one.name === this.name) one.onmessage({ data })
    }
    close(): void {
        Channels.open.delete(this)
    }
}

type Page = ReturnType<typeof queueOf>
const pages: Page[] = []
function open(send: Parameters<typeof queueOf>[0]): Page {
    const page = queueOf(send)
    pages.push(page)
    return page
}

const OFFLINE = new ApiError(0, 'unreachable', 'offline')
const LONG_MS = 60_000
beforeEach(() => {
    vi.useFakeTimers()
    vi.stubGlobal('BroadcastChannel', Channels)
})
afterEach(() => {
    pages.splice(0).forEach(({ scope }) => scope.stop())
    vi.useRealTimers()
    vi.unstubAllGlobals()
})

/** A page whose server is away; the reader names one cell. */
function pageAway(cellId: number, readerClass: 'myelocyte' | 'basophil') {
    const server = serverOf(cellOf(1), cellOf(2))
    server.faults.push(...Array<ApiError>(99).fill(OFFLINE))
    const page = open(server.send)
    page.queue.push({ verb: 'relabel', readerClass }, [seen(cellOf(cellId))])
    return { ...page, server }
}

test('two pages of one reader keep what waits side by side, and neither sends what the other holds', async () => {
    const first = pageAway(1, 'myelocyte')
    const second = pageAway(2, 'basophil')
    await vi.advanceTimersByTimeAsync(ANSWER_MS)
    expect(localStorage).toHaveLength(2)

    first.server.faults.length = 0
    await vi.advanceTimersByTimeAsync(LONG_MS)
    expect(first.server.sent.every((change) => change.readerClass === 'myelocyte')).toBe(true)
    expect(first.queue.pending.value).toEqual([])
    expect(second.queue.pending.value).toHaveLength(1)
    expect(localStorage).toHaveLength(1)
})

test('what a closed page has left is sent by one that is open when the connection is back', async () => {
    const closed = pageAway(1, 'myelocyte')
    await vi.advanceTimersByTimeAsync(ANSWER_MS)
    const living = pageAway(2, 'basophil')
    closed.scope.stop()
    await vi.advanceTimersByTimeAsync(LONG_MS)
    expect(living.queue.pending.value).toHaveLength(1) // the page was open when this one began

    living.server.faults.length = 0
    living.server.sent.length = 0
    window.dispatchEvent(new Event('online'))
    await vi.advanceTimersByTimeAsync(LONG_MS)
    expect([...living.server.held.values()].map((cell) => cell.reader_class)).toEqual([
        'myelocyte',
        'basophil',
    ])
    expect(localStorage).toHaveLength(0)
})

test('of two pages that are opened after a third was closed only one takes its changes over', async () => {
    const closed = pageAway(1, 'myelocyte')
    await vi.advanceTimersByTimeAsync(ANSWER_MS)
    closed.scope.stop()

    const [one, two] = [serverOf(cellOf(1)), serverOf(cellOf(1))]
    open(one.send)
    open(two.send)
    await vi.advanceTimersByTimeAsync(LONG_MS)
    expect(one.sent.length + two.sent.length).toBe(1)
})
