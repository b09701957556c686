/** What becomes of the reader's wishes about a cell that the server did not change. */
import { insisted, isAsWished, isNaming, type Change, type Wish } from './changes'
import type { Cell, StepOutcome } from './reviewApi'

export interface Conflict {
    cellId: number
    mine: Wish
    /** the cell as the colleague left it; null: it is gone */
    theirs: Cell | null
    /** empty: no reader, but a model or somebody who may not be named */
    changedBy: string
    changedAt: string | null
}

/** The last wish about the cell is what the reader is asked about; null: the cell is as the sent change wished already. */
export function conflictOf(
    pending: readonly Change[],
    { id: cellId, cell: theirs, changed_by_name, changed_at }: StepOutcome['conflicts'][number],
): Conflict | null {
    const wishes = pending.flatMap((change) =>
        change.cells.filter(({ id }) => id === cellId).map((was) => ({ change, was })),
    )
    const [sent, last] = [wishes[0], wishes.at(-1)]
    if (!sent || !last) throw new Error(`no change of cell ${cellId} was sent`)
    const isAlone = wishes.length === 1
    if (theirs && isAsWished(theirs, sent.change, sent.was) && (isAlone || isNaming(sent.change))) return null
    const mine = insisted(last.change, last.was)
    return { cellId, mine, theirs, changedBy: changed_by_name, changedAt: changed_at }
}
