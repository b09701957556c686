import { api, data } from '@/api/client'
import type { paths } from '@/api/generated/schema'
import type { Schema } from '@/api/types'
import type { Change } from './changes'

export type Cell = Schema<'Cell'>
export type TableCell = Schema<'TableCell'>
export type StepOutcome = Schema<'StepOutcome'>
export type CellQuery = NonNullable<paths['/api/v1/reviews/cells']['get']['parameters']['query']>

const PAGE_SIZE = 500

/** Where the cell's square picture lies; another box gives another address, so that no old picture is shown. */
export function pictureOf(cell: Cell): string {
    const box = [cell.x1, cell.y1, cell.x2, cell.y2].map(Math.round).join('-')
    return `/api/v1/cells/${cell.id}/picture?box=${box}`
}

/** The `cursor` of the address of another page; undefined: there is none. */
export function cursorOf(address: string | null | undefined): string | undefined {
    return (address && new URL(address, location.origin).searchParams.get('cursor')) || undefined
}

export function cellsPage(query: CellQuery) {
    return data(api.GET('/api/v1/reviews/cells', { params: { query } }))
}

/** All cells of a case, page by page, the most ambiguous first. */
export async function eachCellPage(caseId: number, take: (cells: Cell[]) => void): Promise<void> {
    let cursor: string | undefined
    do {
        const query = { case: caseId, ordering: '-ambiguity', page_size: PAGE_SIZE, cursor }
        const page = await cellsPage(query)
        take(page.results)
        cursor = cursorOf(page.next)
    } while (cursor)
}

export function progressOf(caseId: number) {
    return data(
        api.GET('/api/v1/reviews/cases/{case_pk}/progress', { params: { path: { case_pk: caseId } } }),
    )
}

export function changesSince(caseId: number, since: number) {
    const params = { path: { case_pk: caseId }, query: { since } }
    return data(api.GET('/api/v1/reviews/cases/{case_pk}/changes', { params }))
}

/** Sends one change; cells that could not be changed come back as conflicts. */
export function sendChange(change: Pick<Change, 'verb' | 'readerClass' | 'cells'>): Promise<StepOutcome> {
    const cells = change.cells.map(({ id, version }) => ({ id, version }))
    if (change.verb === 'relabel') {
        if (!change.readerClass) throw new TypeError('a relabelling needs the class')
        const body = { cells, reader_class: change.readerClass }
        return data(api.POST('/api/v1/reviews/cells/relabel', { body }))
    }
    return data(api.POST(`/api/v1/reviews/cells/${change.verb}`, { body: { cells } }))
}

export function reverse(caseId: number, verb: 'undo' | 'redo'): Promise<StepOutcome> {
    return data(
        api.POST(`/api/v1/reviews/cases/{case_pk}/${verb}`, { params: { path: { case_pk: caseId } } }),
    )
}

export function historyOf(cellId: number) {
    return data(api.GET('/api/v1/reviews/cells/{id}/history', { params: { path: { id: String(cellId) } } }))
}

export function referencesOf(caseId: number, first: Schema<'CellClass'>, second: Schema<'CellClass'>) {
    const params = { path: { case_pk: caseId }, query: { first, second } }
    return data(api.GET('/api/v1/reviews/cases/{case_pk}/references', { params }))
}

export function fieldRead(fieldId: number) {
    return data(api.GET('/api/v1/fields/{id}', { params: { path: { id: String(fieldId) } } }))
}
