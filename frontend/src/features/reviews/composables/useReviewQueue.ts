/**
 * Changes of one reader on their way to the server: shown at once, sent one by one in their order, kept in the browser
 * until the server has answered. A cell that a colleague changed meanwhile becomes a conflict and is not overwritten.
 */
import { computed, effectScope, onScopeDispose, ref } from 'vue'
import { defineStore } from 'pinia'
import { ApiError } from '@/api/errors'
import { insisted, isAsWished, type Change, type SeenCell, type Wish } from './changes'
import type { Cell, StepOutcome } from './reviewApi'

export const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 30_000
const MAX_CELLS = 2000 // the server's limit for one request

export interface Conflict {
    cellId: number
    mine: Wish
    /** the cell as the colleague left it; null: it is gone */
    theirs: Cell | null
}

interface QueueOptions {
    /** names reader and case: nobody sends another person's changes */
    storageKey: string
    send: (change: Change) => Promise<StepOutcome>
}

interface Listener {
    onAnswer: (cells: Cell[]) => void
    onRefused: (error: ApiError) => void
}

interface Stored {
    pending: Change[]
    conflicts: Conflict[]
}

function stored(key: string): Stored {
    const text = localStorage.getItem(key)
    return text ? (JSON.parse(text) as Stored) : { pending: [], conflicts: [] }
}

export function useReviewQueue({ storageKey, send }: QueueOptions, first: Listener) {
    const before = stored(storageKey)
    const pending = ref<Change[]>(before.pending)
    const conflicts = ref<Conflict[]>(before.conflicts)
    const failures = ref(0)
    const isWaiting = computed(() => failures.value > 0 && pending.value.length > 0)
    let listener = first
    let isSending = false
    let isStopped = false
    let timer: ReturnType<typeof setTimeout> | undefined
    let whenIdle: (() => void)[] = []

    function store(): void {
        if (pending.value.length || conflicts.value.length) {
            const state: Stored = { pending: pending.value, conflicts: conflicts.value }
            localStorage.setItem(storageKey, JSON.stringify(state))
        } else localStorage.removeItem(storageKey)
    }

    function push(wish: Wish, cells: SeenCell[]): void {
        for (let start = 0; start < cells.length; start += MAX_CELLS)
            pending.value.push({
                ...wish,
                key: crypto.randomUUID(),
                cells: cells.slice(start, start + MAX_CELLS),
                isAttempted: false,
            })
        store()
        void sendNext()
    }

    /** Takes the last change out again, if it was never sent. */
    function takeBack(): Change | undefined {
        if (pending.value.at(-1)?.isAttempted !== false) return undefined
        const change = pending.value.pop()
        store()
        return change
    }

    async function sendNext(): Promise<void> {
        const change = pending.value[0]
        if (isSending || isStopped || !change) return
        clearTimeout(timer)
        isSending = true
        change.isAttempted = true
        store()
        const isDone = await deliver(change)
        isSending = false
        if (isDone) void sendNext()
    }

    /** False: the change is still to be sent. */
    async function deliver(change: Change): Promise<boolean> {
        try {
            settle(change, await send(change))
            return true
        } catch (error) {
            if (!(error instanceof ApiError)) throw error
            if (error.status === 401) return false // the sign-in page follows; after it the change is sent
            if (error.isTemporary) {
                const pause = Math.min(FIRST_PAUSE_MS * 2 ** failures.value, LONGEST_PAUSE_MS)
                failures.value++
                timer = setTimeout(() => void sendNext(), pause)
                return false
            }
            remove(change)
            listener.onRefused(error)
            return true
        }
    }

    function settle(change: Change, outcome: StepOutcome): void {
        for (const cell of outcome.cells) rebase(cell)
        for (const { id, cell } of outcome.conflicts) dispute(change, id, cell)
        listener.onAnswer([
            ...outcome.cells,
            ...outcome.conflicts.flatMap(({ cell }) => (cell ? [cell] : [])),
        ])
        remove(change)
    }

    /** Later wishes about a cell were made in sight of one's own earlier ones. */
    function rebase(cell: Cell): void {
        for (const later of pending.value)
            for (const one of later.cells) if (one.id === cell.id) one.version = cell.version
    }

    /** Nothing waits behind a conflict: the last wish about the cell is what the reader is asked about. */
    function dispute(change: Change, cellId: number, theirs: Cell | null): void {
        const wishes = pending.value.flatMap((one) =>
            one.cells.filter(({ id }) => id === cellId).map((was) => ({ one, was })),
        )
        const last = wishes.at(-1)
        if (!last) throw new Error(`cell ${cellId} was not asked for in ${change.key}`)
        if (theirs && isAsWished(theirs, change, last.was) && wishes.length === 1) return
        for (const { one } of wishes)
            if (one !== change) one.cells = one.cells.filter(({ id }) => id !== cellId)
        pending.value = pending.value.filter((one) => one === change || one.cells.length)
        conflicts.value = conflicts.value.filter((one) => one.cellId !== cellId)
        conflicts.value.push({ cellId, mine: insisted(last.one, last.was), theirs })
    }

    function remove(change: Change): void {
        failures.value = 0
        pending.value = pending.value.filter(({ key }) => key !== change.key)
        store()
        if (!pending.value.length) whenIdle.splice(0).forEach((tell) => tell())
    }

    /** The reader's own opinion goes over the colleague's, knowingly. */
    function keepMine(conflict: Conflict): void {
        takeTheirs(conflict)
        const { theirs, mine } = conflict
        if (theirs) push(mine, [{ id: theirs.id, version: theirs.version, shownClass: theirs.shown_class }])
    }

    function takeTheirs({ cellId }: Conflict): void {
        conflicts.value = conflicts.value.filter((one) => one.cellId !== cellId)
        store()
    }

    /** Resolves once everything has been answered. */
    function idle(): Promise<void> {
        if (!pending.value.length) return Promise.resolve()
        return new Promise((resolve) => whenIdle.push(resolve))
    }

    /** The page that shows the cells was left and opened again. */
    function listen(next: Listener): void {
        listener = next
        retry()
    }

    const retry = () => void sendNext()
    window.addEventListener('online', retry)
    onScopeDispose(() => {
        isStopped = true
        whenIdle = []
        clearTimeout(timer)
        window.removeEventListener('online', retry)
    })
    retry()

    return { pending, conflicts, isWaiting, push, takeBack, keepMine, takeTheirs, retry, listen, idle }
}

type ReviewQueue = ReturnType<typeof useReviewQueue>

/** A queue goes on sending when its page is left; who comes back finds the same one. */
export const useReviewQueues = defineStore('reviewQueues', () => {
    const queues = new Map<string, ReviewQueue>()

    function of(options: QueueOptions, listener: Listener): ReviewQueue {
        const open = queues.get(options.storageKey)
        if (open) {
            open.listen(listener)
            return open
        }
        const queue = effectScope(true).run(() => useReviewQueue(options, listener))
        if (!queue) throw new Error('a new scope runs at once')
        queues.set(options.storageKey, queue)
        return queue
    }

    return { of }
})
