import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import type { Schema } from '../../src/api/types'
import type { Client } from '../workstation/client'
import { place } from '../workstation/place'
import { relabelAll } from '../workstation/seeds'
import { paintSmear, smearIn } from '../workstation/smear'
import { trueClasses } from '../workstation/truth'

const FIELDS = 48
export const CELLS = 100
export const WRONG = 10

export interface HundredCells {
    caseId: number
    fields: number
    /** by the id of the cell */
    truth: Map<number, string>
    wrong: Schema<'Cell'>[]
}

/**
 * A case of a hundred unconfirmed cells, ten of them under a wrong class. Which cells and which classes does not depend on
 * the classifier: a colleague names all as painted, ten of them as something else, and takes the confirmation away.
 */
export async function hundredCells(technician: Client): Promise<HundredCells> {
    const folder = await mkdtemp(join(place().folder, 'hundred-'))
    await paintSmear(folder, FIELDS)
    const made = await technician.newCase('Hundred Cells')
    await technician.upload(made.id, smearIn(folder))
    await technician.analyse(made.id)
    const found = (await technician.cells(made.id)).sort((a, b) => a.id - b.id)
    const painted = trueClasses(found, folder)
    const kept = found.filter(({ id }) => painted.has(id)).slice(0, CELLS)
    if (kept.length < CELLS) throw new Error(`only ${kept.length} cells were found in ${FIELDS} fields`)
    const rest = found.filter((cell) => !kept.includes(cell))
    if (rest.length) await technician.step('delete', rest)

    const truth = new Map(kept.map(({ id }) => [id, painted.get(id) ?? '']))
    const classes = [...new Set(truth.values())]
    const wrongIds = new Set(kept.filter((_, index) => index % (CELLS / WRONG) === 5).map(({ id }) => id))
    const given = (id: number) => {
        const right = truth.get(id) ?? ''
        return wrongIds.has(id) ? (classes[(classes.indexOf(right) + 1) % classes.length] ?? right) : right
    }
    const named = await relabelAll(technician, kept, given)
    const { cells } = await technician.step('unconfirm', named)
    const fields = new Set(kept.map(({ field }) => field)).size
    return { caseId: made.id, fields, truth, wrong: cells.filter(({ id }) => wrongIds.has(id)) }
}
