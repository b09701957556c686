import { effectScope } from 'vue'
import type { ApiError } from '@/api/errors'
import type { Change } from './changes'
import type { Cell, StepOutcome } from './reviewApi'
import { useReviewQueue } from './useReviewQueue'

export const KEY = 'hemascope.review.7.1'

/** A server that holds cells: relabels those whose version is the one that was seen. */
export function serverOf(...cells: Cell[]) {
    const held = new Map(cells.map((cell) => [cell.id, cell]))
    const sent: Change[] = []
    const faults: ApiError[] = []
    async function send(change: Change): Promise<StepOutcome> {
        sent.push(structuredClone(JSON.parse(JSON.stringify(change)) as Change))
        const fault = faults.shift()
        if (fault) throw fault
        const outcome: StepOutcome = { cells: [], conflicts: [] }
        for (const { id, version } of change.cells) {
            const cell = held.get(id)
            if (!cell || cell.version !== version) {
                outcome.conflicts.push({ id, code: 'stale_version', message: 'stale', cell: cell ?? null })
                continue
            }
            const named = change.readerClass ?? null
            const after = { ...cell, version: version + 1, reader_class: named, shown_class: named ?? '' }
            held.set(id, after)
            outcome.cells.push(after)
        }
        return outcome
    }
    return { held, sent, faults, send }
}

export function queueOf(send: (change: Change) => Promise<StepOutcome>) {
    const answered: Cell[] = []
    const refused: string[] = []
    const scope = effectScope()
    const queue = scope.run(() =>
        useReviewQueue(
            { storageKey: KEY, send },
            {
                onAnswer: (cells) => answered.push(...cells),
                onRefused: (error) => refused.push(error.message),
            },
        ),
    )
    if (!queue) throw new Error('the scope has ended')
    return { queue, answered, refused, scope }
}
