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

export interface GalleryFilter {
    onlyOpen: boolean
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
        if (!filter.onlyOpen || !cell.is_confirmed) group.cells.push(cell)
    }
    return [...groups.values()]
        .filter((group) => group.cells.length)
        .map((group) => ({
            ...group,
            cells: group.cells.sort((a, b) => b.ambiguity - a.ambiguity || a.id - b.id),
        }))
        .sort((a, b) => ORDER.indexOf(a.classId) - ORDER.indexOf(b.classId))
}
