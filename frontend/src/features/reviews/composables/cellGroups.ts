import { CELL_CLASSES } from '@/taxonomy'
import { UNIDENTIFIED } from './changes'
import type { Cell } from './reviewApi'

export interface CellGroup {
    classId: string
    /** the most ambiguous first */
    cells: Cell[]
    /** all of the class, also those that the filter hides */
    total: number
    confirmed: number
}

/** Below it the model's score is called low: a fifth of such cells or more is named wrong, as far as it is calibrated. */
export const LOW_SCORE = 0.8

export interface GalleryFilter {
    onlyOpen: boolean
    /** those of a low score, and those that no model has named */
    onlyDoubtful: boolean
    /** empty: all */
    classIds: string[]
}

const ORDER = [UNIDENTIFIED, ...CELL_CLASSES.map(({ id }) => id).filter((id) => id !== UNIDENTIFIED)]

/** Cells by their shown class: Unidentified first, the others in the order of the table; empty groups are left out. */
export function groupCells(cells: readonly Cell[], filter: GalleryFilter): CellGroup[] {
    const groups = new Map<string, CellGroup>()
    for (const cell of cells) {
        const classId = cell.shown_class
        if (filter.classIds.length && !filter.classIds.includes(classId)) continue
        const group = groups.get(classId) ?? { classId, cells: [], total: 0, confirmed: 0 }
        groups.set(classId, group)
        group.total++
        if (cell.is_confirmed) group.confirmed++
        if (filter.onlyOpen && cell.is_confirmed) continue
        if (filter.onlyDoubtful && (cell.model_score ?? 0) >= LOW_SCORE) continue
        group.cells.push(cell)
    }
    return [...groups.values()]
        .filter((group) => group.cells.length)
        .map((group) => ({
            ...group,
            cells: group.cells.sort((a, b) => b.ambiguity - a.ambiguity || a.id - b.id),
        }))
        .sort((a, b) => ORDER.indexOf(a.classId) - ORDER.indexOf(b.classId))
}
