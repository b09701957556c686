/** Everything the review page shows and does, in one place: cells, groups, selection, changes. */
import { computed, reactive, type Ref } from 'vue'
import { useQueryClient } from '@tanstack/vue-query'
import { ElMessage } from 'element-plus'
import { useI18n } from 'vue-i18n'
import { ApiError } from '@/api/errors'
import { useConfirm } from '@/composables/useConfirm'
import { useReporting } from '@/composables/useReporting'
import { caseKey } from '@/features/cases/composables/useCase'
import { useSession } from '@/stores/session'
import type { CellClassId } from '@/taxonomy'
import { groupCells, type GalleryFilter } from './cellGroups'
import { seen, UNIDENTIFIED, type Change, type ChangeVerb, type Wish } from './changes'
import { reverse, sendChange, type Cell, type StepOutcome } from './reviewApi'
import { useCaseCells } from './useCaseCells'
import { useReviewQueues } from './useReviewQueues'
import { useSelection } from './useSelection'

export function useReview(caseId: number, mayChange: Ref<boolean>) {
    const { t } = useI18n()
    const { messageOf, reporting } = useReporting()
    const { confirmed } = useConfirm()
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
    const filter = reactive<GalleryFilter>({ onlyOpen: false, onlyDoubtful: false, classIds: [] })
    const groups = computed(() => groupCells(cells.cells.value, filter))
    const visible = computed(() => groups.value.flatMap((group) => group.cells))
    const byId = computed(() => new Map(cells.cells.value.map((cell) => [cell.id, cell])))
    const selection = useSelection(computed(() => visible.value.map(({ id }) => id)))
    const current = computed(() => byId.value.get(selection.current.value ?? -1))
    /** cells that have been on the screen */
    const looked = new Set<number>()
    /** who took back what undo took back: the queue, before it was sent, or the server */
    let reversed: ('queue' | 'server')[] = []

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

    const isToConfirm = (cell: Cell): boolean => !cell.is_confirmed && cell.shown_class !== UNIDENTIFIED

    function confirmCells(chosen: readonly Cell[]): void {
        change({ verb: 'confirm' }, chosen.filter(isToConfirm), filter.onlyOpen)
    }

    /** Asks before it confirms what nobody can have looked at. */
    async function confirmMany(chosen: readonly Cell[]): Promise<void> {
        const unseen = chosen.filter((cell) => isToConfirm(cell) && !looked.has(cell.id)).length
        const isMeant =
            !mayChange.value ||
            unseen === 0 ||
            (await confirmed(
                t('reviews.unseen.title'),
                t('reviews.unseen.question', unseen),
                t('reviews.unseen.action'),
                false,
            ))
        if (isMeant) confirmCells(chosen)
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
        selection.restMouse()
        selection.hovered.value = null // the resting mouse would hold the next key at the old cell
    }

    function act(verb: Exclude<ChangeVerb, 'relabel' | 'confirm'>): void {
        change({ verb }, cellsOf(selection.targets.value), verb === 'delete')
    }

    /** What was not sent yet is simply taken out; what may have arrived is undone by the server, in its order. */
    async function undo(): Promise<void> {
        if (!mayChange.value) return
        if (queue.takeBack()) reversed.push('queue')
        else if (queue.isWaiting.value) ElMessage.warning(t('reviews.undoWaits'))
        else if (await onServer('undo')) reversed.push('server')
    }

    async function redo(): Promise<void> {
        if (!mayChange.value) return
        if (reversed.at(-1) === 'queue' && queue.putBack()) reversed.pop()
        else if (queue.isWaiting.value) ElMessage.warning(t('reviews.undoWaits'))
        else {
            reversed.pop()
            await onServer('redo')
        }
    }

    function onServer(verb: 'undo' | 'redo'): Promise<boolean> {
        return reporting(async () => {
            const outcome = await queue.reverse(() => reverse(caseId, verb))
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
        look: (ids: readonly number[]) => ids.forEach((id) => looked.add(id)),
        confirmVisible: () => confirmMany(visible.value),
        confirmGroup: (ids: readonly number[]) => confirmMany(cellsOf(ids)),
        act,
        undo,
        redo,
    }
}

export type Review = ReturnType<typeof useReview>
