import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { ElMessage } from 'element-plus'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { useI18n } from 'vue-i18n'
import { api, data } from '@/api/client'
import type { Schema } from '@/api/types'
import type { Box } from '@/components/fieldViewer/geometry'
import { useReporting } from '@/composables/useReporting'

type Cell = Schema<'Cell'>

/**
 * The cells of one field, and a reader's steps on them. A step is shown at once; where the server refuses it, or a
 * colleague was faster, that is said and the cells are read again.
 */
export function useFieldCells(
    caseId: MaybeRefOrGetter<number>,
    fieldId: MaybeRefOrGetter<number | undefined>,
) {
    const { t } = useI18n()
    const queries = useQueryClient()
    const { reporting } = useReporting()
    const key = computed(() => ['cells', 'field', toValue(fieldId)])
    const query = useQuery({
        queryKey: key,
        queryFn: async () => {
            const path = { id: String(toValue(fieldId)) }
            const cells = await data(api.GET('/api/v1/fields/{id}/cells', { params: { path } }))
            return cells.filter((cell) => !cell.is_deleted)
        },
        enabled: computed(() => toValue(fieldId) !== undefined),
    })

    function change(changed: (cells: Cell[]) => Cell[]): void {
        queries.setQueryData<Cell[]>(key.value, (cells) => cells && changed(cells))
    }

    async function step(action: () => Promise<unknown>): Promise<boolean> {
        const isDone = await reporting(action)
        await queries.invalidateQueries({ queryKey: ['cells'] })
        return isDone
    }

    function tellConflicts(outcome: Schema<'StepOutcome'>): void {
        const [first] = outcome.conflicts
        if (first) ElMessage.warning(first.message)
    }

    function cellOf(id: number): Cell | undefined {
        return query.data.value?.find((cell) => cell.id === id)
    }

    /** The new cell; undefined when it was refused. */
    async function draw(box: Box): Promise<Cell | undefined> {
        let drawn: Cell | undefined
        await step(async () => {
            const path = { id: Number(toValue(fieldId)) }
            drawn = await data(api.POST('/api/v1/reviews/fields/{id}/cells', { params: { path }, body: box }))
        })
        return drawn
    }

    async function move(cellId: number, box: Box): Promise<void> {
        const cell = cellOf(cellId)
        if (!cell) return
        change((cells) => cells.map((row) => (row.id === cellId ? { ...row, ...box } : row)))
        await step(() =>
            api.POST('/api/v1/reviews/cells/{id}/move', {
                params: { path: { id: String(cellId) } },
                body: { ...box, version: cell.version },
            }),
        )
    }

    async function remove(cellId: number): Promise<void> {
        const cell = cellOf(cellId)
        if (!cell) return
        change((cells) => cells.filter((row) => row.id !== cellId))
        await step(async () => {
            const body = { cells: [{ id: cellId, version: cell.version }] }
            tellConflicts(await data(api.POST('/api/v1/reviews/cells/delete', { body })))
        })
    }

    /** Takes back (or does again) one's own last step in the case; the cell that it changed tells in which field. */
    async function retrace(direction: 'undo' | 'redo'): Promise<Cell | undefined> {
        let changed: Cell | undefined
        await step(async () => {
            const outcome = await data(
                api.POST(`/api/v1/reviews/cases/{case_pk}/${direction}`, {
                    params: { path: { case_pk: toValue(caseId) } },
                }),
            )
            tellConflicts(outcome)
            changed = outcome.cells[0]
            if (changed && changed.field !== toValue(fieldId)) ElMessage.info(t('analyses.fields.elsewhere'))
        })
        return changed
    }

    return { ...query, draw, move, remove, retrace }
}
