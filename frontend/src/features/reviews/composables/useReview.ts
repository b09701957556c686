/** Everything the review page shows and does, in one place: cells, groups, selection, changes. */
import { computed, reactive, type Ref } from 'vue'
import { useQueryClient } from '@tanstack/vue-query'
import { ElMessage } from 'element-plus'
import { useI18n } from 'vue-i18n'
import { ApiError } from '@/api/errors'
import { useReporting } from '@/composables/useReporting'
import { caseKey } from '@/features/cases/composables/useCase'
import { useSession } from '@/stores/session'
import type { CellClassId } from '@/taxonomy'
import { groupCells, type GalleryFilter } from './cellGroups'
import { seen, UNIDENTIFIED, type Change, type ChangeVerb, type Wish } from './changes'
import { reverse, sendChange, type Cell, type StepOutcome } from './reviewApi'
import { useCaseCells } from './useCaseCells'
import { useReviewQueues } from './useReviewQueue'
import { useSelection } from './useSelection'

export function useReview(caseId: number, mayChange: Ref<boolean>) {
    const { t } = useI18n()
    const { messageOf, reporting } = useReporting()
    const session = useSession()
    const queries = useQueryClient()
    const reader = session.user?.id ?? 0

    /** Somebody else may have signed in since: nothing is sent in another person's name. */
    async function send(change: Change): Promise<StepOutcome> {
        if ((session.user?.id ?? 0) !== reader)
            throw new ApiError(401, 'signed_out', 'the reader has signed out')
        return sendChange(change)
    }

    const queue = useReviewQueues().of(
        { storageKey: `hemascope.review.${reader}.${caseId}`, send },
        {
            onAnswer: (answered) => cells.take(answered),
            onRefused: (error) => {
                ElMessage.error(messageOf(error))
                void queries.invalidateQueries({ queryKey: caseKey(caseId) }) // signed meanwhile, perhaps
            },
        },
    )
    const cells = useCaseCells(caseId, reader, queue.pending)
    const filter = reactive<GalleryFilter>({ onlyOpen: false, classIds: [] })
    const groups = computed(() => groupCells(cells.cells.value, filter))
    const visible = computed(() => groups.value.flatMap((group) => group.cells))
    const byId = computed(() => new Map(cells.cells.value.map((cell) => [cell.id, cell])))
    const selection = useSelection(computed(() => visible.value.map(({ id }) => id)))
    const current = computed(() => byId.value.get(selection.current.value ?? -1))
    /** what undo took back before it was sent (`Change`), or what the server took back */
    let reversed: (Change | 'server')[] = []

    function cellsOf(ids: readonly number[]): Cell[] {
        return ids.flatMap((id) => byId.value.get(id) ?? [])
    }

    function change(wish: Wish, chosen: readonly Cell[], isMoving: boolean): void {
        if (!mayChange.value || !chosen.length) return
        if (isMoving) selection.leave(chosen.map(({ id }) => id))
        else selection.clear()
        reversed = []
        queue.push(wish, chosen.map(seen))
    }

    function relabel(readerClass: CellClassId, ids: readonly number[] = selection.targets.value): void {
        change({ verb: 'relabel', readerClass }, cellsOf(ids), true)
    }

    function confirmCells(chosen: readonly Cell[]): void {
        const open = chosen.filter((cell) => !cell.is_confirmed && cell.shown_class !== UNIDENTIFIED)
        change({ verb: 'confirm' }, open, filter.onlyOpen)
    }

    /** Of one cell also steps on to the next, so that Enter goes through a group. */
    function confirmTargets(): void {
        const chosen = cellsOf(selection.targets.value)
        const [only] = chosen
        if (chosen.every((cell) => cell.shown_class === UNIDENTIFIED) && only)
            ElMessage.warning(t('reviews.needsClass'))
        confirmCells(chosen)
        if (chosen.length === 1 && only && !filter.onlyOpen) stepFrom(only.id)
    }

    function stepFrom(id: number): void {
        const index = visible.value.findIndex((cell) => cell.id === id)
        selection.current.value = visible.value[index + 1]?.id ?? id
        selection.hovered.value = null // the resting mouse would hold the next key at the old cell
    }

    function act(verb: Exclude<ChangeVerb, 'relabel' | 'confirm'>): void {
        change({ verb }, cellsOf(selection.targets.value), verb === 'delete')
    }

    /** What was not sent yet is simply taken out; what may have arrived is undone by the server, in its order. */
    async function undo(): Promise<void> {
        if (!mayChange.value) return
        const unsent = queue.takeBack()
        if (unsent) reversed.push(unsent)
        else if (queue.isWaiting.value) ElMessage.warning(t('reviews.undoWaits'))
        else if (await onServer('undo')) reversed.push('server')
    }

    async function redo(): Promise<void> {
        if (!mayChange.value) return
        const last = reversed.pop()
        if (last && last !== 'server') queue.push(last, last.cells)
        else if (queue.isWaiting.value) ElMessage.warning(t('reviews.undoWaits'))
        else await onServer('redo')
    }

    function onServer(verb: 'undo' | 'redo'): Promise<boolean> {
        return reporting(async () => {
            await queue.idle()
            const outcome = await reverse(caseId, verb)
            cells.take([...outcome.cells, ...outcome.conflicts.flatMap(({ cell }) => cell ?? [])])
            if (outcome.conflicts.length)
                ElMessage.warning(t('reviews.changedSince', outcome.conflicts.length))
        })
    }

    return {
        ...cells,
        queue,
        filter,
        groups,
        visible,
        selection,
        current,
        relabel,
        confirmTargets,
        confirmVisible: () => confirmCells(visible.value),
        confirmGroup: (ids: readonly number[]) => confirmCells(cellsOf(ids)),
        act,
        undo,
        redo,
    }
}

export type Review = ReturnType<typeof useReview>
