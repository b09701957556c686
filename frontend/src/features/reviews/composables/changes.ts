/** What a reader wishes of cells before the server has said anything to it. */
import type { CellClassId } from '@/taxonomy'
import { newName } from './openPages'
import type { Cell } from './reviewApi'

const MAX_CELLS = 2000 // the server's limit for one request
export const UNIDENTIFIED = 'unidentified'
export type ChangeVerb = 'relabel' | 'confirm' | 'unconfirm' | 'delete' | 'restore'

export interface Wish {
    verb: ChangeVerb
    /** of `relabel` only */
    readerClass?: CellClassId
}

/** A cell as the reader saw it when wishing. */
export interface SeenCell {
    id: number
    version: number
    shownClass: string
}

export interface Change extends Wish {
    key: string
    cells: SeenCell[]
    /** sent at least once: whether it arrived is not known */
    isAttempted: boolean
}

export function seen(cell: Cell): SeenCell {
    return { id: cell.id, version: cell.version, shownClass: cell.shown_class }
}

/** One change, or as many as the server wants it in. */
export function changesOf(wish: Wish, cells: readonly SeenCell[]): Change[] {
    const parts = Array.from({ length: Math.ceil(cells.length / MAX_CELLS) }, (_, part) =>
        cells.slice(part * MAX_CELLS, (part + 1) * MAX_CELLS),
    )
    return parts.map((part) => ({ ...wish, key: newName(), cells: part, isAttempted: false }))
}

/** The cell as the server will make it; the model's columns stay as they are. */
export function wished(cell: Cell, wish: Wish, reader: number): Cell {
    const named = (readerClass: CellClassId): Cell => {
        const isConfirmed = readerClass !== UNIDENTIFIED
        const verifiedBy = isConfirmed ? reader : null
        return {
            ...cell,
            reader_class: readerClass,
            shown_class: readerClass,
            is_confirmed: isConfirmed,
            verified_by: verifiedBy,
        }
    }
    switch (wish.verb) {
        case 'relabel':
            return wish.readerClass ? named(wish.readerClass) : cell
        case 'confirm':
            return cell.shown_class === UNIDENTIFIED ? cell : named(cell.shown_class as CellClassId)
        case 'unconfirm':
            return { ...cell, is_confirmed: false, verified_by: null }
        case 'delete':
            return { ...cell, is_deleted: true }
        case 'restore':
            return { ...cell, is_deleted: false }
    }
}

/** Whether the wish says which class the cell has, so that no other can hide behind it. */
export function isNaming({ verb }: Wish): boolean {
    return verb === 'relabel' || verb === 'confirm'
}

/** Whether the cell is as was wished already: an answer that got lost, or a colleague of the same opinion. */
export function isAsWished(cell: Cell, wish: Wish, was: SeenCell): boolean {
    switch (wish.verb) {
        case 'relabel':
            return cell.reader_class === wish.readerClass && !cell.is_deleted
        case 'confirm':
            return cell.is_confirmed && cell.reader_class === was.shownClass && !cell.is_deleted
        case 'unconfirm':
            return !cell.is_confirmed
        case 'delete':
            return cell.is_deleted
        case 'restore':
            return !cell.is_deleted
    }
}

/** Later wishes about a cell were made in sight of one's own earlier ones: they go on from what these have left. */
export function rebaseChanges(changes: readonly Change[], { id, version }: Cell): void {
    for (const change of changes) for (const one of change.cells) if (one.id === id) one.version = version
}

/** The same wish against another state: what one confirmed is then named, since the shown class is another. */
export function insisted(wish: Wish, was: SeenCell): Wish {
    return wish.verb === 'confirm'
        ? { verb: 'relabel', readerClass: was.shownClass as CellClassId }
        : { verb: wish.verb, readerClass: wish.readerClass }
}
