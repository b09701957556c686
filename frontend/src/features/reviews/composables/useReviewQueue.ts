/**
 * Changes of one reader on their way to the server: shown at once, sent one by one in their order, kept in the browser
 * until the server has answered. A cell that a colleague changed meanwhile becomes a conflict and is not overwritten.
 */
import { computed, onScopeDispose, ref } from 'vue'
import { ApiError } from '@/api/errors'
import { changesOf, rebaseChanges, type Change, type SeenCell, type Wish } from './changes'
import { conflictOf, type Conflict } from './conflicts'
import { useKeptQueue, type KeptQueue } from './keptQueue'
import type { Cell, StepOutcome } from './reviewApi'

export const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 30_000

export interface QueueOptions {
    /** names reader and case: nobody sends another person's changes */
    storageKey: string
    send: (change: Change) => Promise<StepOutcome>
}

/** Undo or redo by the server: after what was wished before it, and before what was wished later. */
interface Reversal {
    /** the last change that was wished before it */
    after: string | undefined
    run: () => Promise<boolean>
}

export interface Listener {
    onAnswer: (cells: Cell[]) => void
    onRefused: (error: ApiError) => void
}

export function useReviewQueue({ storageKey, send }: QueueOptions, first: Listener) {
    const pending = ref<Change[]>([])
    const conflicts = ref<Conflict[]>([])
    const kept = useKeptQueue(storageKey, takeOver)
    const failures = ref(0)
    const isWaiting = computed(() => failures.value > 0 && pending.value.length > 0)
    let listener = first
    let isSending = false
    let isStopped = false
    let timer: ReturnType<typeof setTimeout> | undefined
    let takenBack: Change[] = []
    const reversals: Reversal[] = []

    function store(): void {
        kept.keep({ pending: pending.value, conflicts: conflicts.value })
    }

    /** What a closed page has left was wished before what this one holds. */
    function takeOver(left: KeptQueue): void {
        const known = new Set(conflicts.value.map(({ cellId }) => cellId))
        pending.value = [...left.pending, ...pending.value]
        conflicts.value.push(...left.conflicts.filter(({ cellId }) => !known.has(cellId)))
        store()
        void sendNext()
    }

    function push(wish: Wish, cells: SeenCell[]): void {
        takenBack = []
        pending.value.push(...changesOf(wish, cells))
        store()
        void sendNext()
    }

    /** Takes the last change out again, if it was never sent. */
    function takeBack(): boolean {
        const last = pending.value.at(-1)
        if (!last || last.isAttempted) return false
        takenBack.push(last)
        pending.value.pop()
        store()
        return true
    }

    /** Puts in again what was taken back last. */
    function putBack(): boolean {
        const change = takenBack.pop()
        if (!change) return false
        pending.value.push(change)
        store()
        void sendNext()
        return true
    }

    /** Undoes or does again by the server, in its place among the changes. Rejects with the server's `ApiError`. */
    function reverse(step: () => Promise<StepOutcome>): Promise<StepOutcome> {
        return new Promise((resolve, reject) => {
            const run = async () => {
                try {
                    const outcome = await step()
                    outcome.cells.forEach(rebase)
                    resolve(outcome)
                } catch (error) {
                    reject(error)
                }
                return true
            }
            reversals.push({ after: pending.value.at(-1)?.key, run })
            void sendNext()
        })
    }

    function nextTask(): (() => Promise<boolean>) | undefined {
        const [reversal] = reversals
        if (reversal && !pending.value.some(({ key }) => key === reversal.after)) {
            reversals.shift()
            return reversal.run
        }
        const [change] = pending.value
        return change && (() => deliver(change))
    }

    async function sendNext(): Promise<void> {
        const task = isSending || isStopped ? undefined : nextTask()
        if (!task) return
        clearTimeout(timer)
        isSending = true
        const isDone = await task().finally(() => (isSending = false))
        if (isDone) void sendNext()
    }

    /** False: the change is still to be sent. */
    async function deliver(change: Change): Promise<boolean> {
        change.isAttempted = true
        store()
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
        for (const conflict of outcome.conflicts) dispute(change, conflict)
        listener.onAnswer([
            ...outcome.cells,
            ...outcome.conflicts.flatMap(({ cell }) => (cell ? [cell] : [])),
        ])
        remove(change)
    }

    const rebase = (cell: Cell) => rebaseChanges([...pending.value, ...takenBack], cell)

    /** Nothing waits behind a conflict. */
    function dispute(change: Change, answered: StepOutcome['conflicts'][number]): void {
        const { id: cellId, cell } = answered
        const conflict = conflictOf(pending.value, answered)
        if (!conflict) {
            if (cell) rebase(cell)
            return
        }
        for (const one of pending.value)
            if (one !== change) one.cells = one.cells.filter(({ id }) => id !== cellId)
        pending.value = pending.value.filter((one) => one === change || one.cells.length)
        conflicts.value = [...conflicts.value.filter((one) => one.cellId !== cellId), conflict]
    }

    function remove(change: Change): void {
        failures.value = 0
        pending.value = pending.value.filter(({ key }) => key !== change.key)
        store()
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

    /** The page that shows the cells was left and opened again. */
    function listen(next: Listener): void {
        listener = next
        retry()
    }

    function retry(): void {
        void kept.adopt()
        void sendNext()
    }
    window.addEventListener('online', retry)
    onScopeDispose(() => {
        isStopped = true
        clearTimeout(timer)
        window.removeEventListener('online', retry)
    })
    retry()

    return {
        pending,
        conflicts,
        isWaiting,
        push,
        takeBack,
        putBack,
        reverse,
        keepMine,
        takeTheirs,
        retry,
        listen,
    }
}
