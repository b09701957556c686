/** The cells of a case as the reader sees them: the server's, with the changes that are still on their way. */
import { computed, onScopeDispose, ref, shallowRef, type Ref } from 'vue'
import { ApiError } from '@/api/errors'
import { UNIDENTIFIED, wished, type Change } from './changes'
import { changesSince, eachCellPage, progressOf, type Cell } from './reviewApi'

export const POLL_MS = 4_000

export function useCaseCells(caseId: number, reader: number, pending: Ref<Change[]>) {
    const known = shallowRef<ReadonlyMap<number, Cell>>(new Map())
    const isLoading = ref(true)
    const isComplete = ref(false)
    const isUnreachable = ref(false)
    const error = ref<Error | null>(null)
    /** how many of the cells shown have gone since, because their field was examined again or deleted */
    const replaced = ref(0)
    let sequence = 0
    let listing = ''
    let timer: ReturnType<typeof setTimeout> | undefined
    let isStopped = false

    /** Takes over what the server says; an older state of a cell never replaces a newer one. */
    function take(cells: readonly Cell[]): void {
        if (!cells.length) return
        const next = new Map(known.value)
        for (const cell of cells)
            if ((next.get(cell.id)?.version ?? -1) <= cell.version) next.set(cell.id, cell)
        known.value = next
    }

    async function load(): Promise<void> {
        clearTimeout(timer)
        error.value = null
        isLoading.value = known.value.size === 0
        try {
            await read()
            isComplete.value = true
            later()
        } catch (fault) {
            if (!(fault instanceof ApiError)) throw fault
            error.value = fault
        } finally {
            isLoading.value = false
        }
    }

    /** All pages of the list; what is no longer in it goes. */
    async function read(): Promise<void> {
        const before = [...known.value.keys()]
        const start = await progressOf(caseId) // first: what changes while pages load is told later
        const listed = new Set<number>()
        await eachCellPage(caseId, (cells) => {
            take(cells)
            for (const { id } of cells) listed.add(id)
            isLoading.value = false
        })
        sequence = start.sequence
        listing = start.listing
        const gone = new Set(before.filter((id) => !listed.has(id)))
        if (!gone.size) return
        replaced.value += gone.size
        known.value = new Map([...known.value].filter(([id]) => !gone.has(id)))
    }

    async function poll(): Promise<void> {
        try {
            const found = await changesSince(caseId, sequence)
            take(found.cells)
            sequence = found.sequence
            if (found.listing !== listing) await read()
            isUnreachable.value = false
            later(found.has_more ? 0 : POLL_MS)
        } catch (fault) {
            if (!(fault instanceof ApiError)) throw fault
            if (fault.status === 401) return
            isUnreachable.value = true
            later()
        }
    }

    function later(pause = POLL_MS): void {
        if (!isStopped) timer = setTimeout(() => void poll(), pause)
    }

    const cells = computed<Cell[]>(() => {
        const shown = new Map(known.value)
        for (const change of pending.value)
            for (const { id } of change.cells) {
                const cell = shown.get(id)
                if (cell) shown.set(id, wished(cell, change, reader))
            }
        return [...shown.values()].filter((cell) => !cell.is_deleted)
    })
    const progress = computed(() => ({
        cells: cells.value.length,
        confirmed: cells.value.filter((cell) => cell.is_confirmed).length,
        unidentified: cells.value.filter((cell) => cell.shown_class === UNIDENTIFIED).length,
    }))

    onScopeDispose(() => {
        isStopped = true
        clearTimeout(timer)
    })
    void load()
    return { cells, progress, isLoading, isComplete, isUnreachable, error, replaced, load, take }
}
