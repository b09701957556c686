/** Cases in the states that tests begin with, made the way a programme would: through the API. */
import type { Schema } from '../../src/api/types'
import type { Client } from './client'
import { place } from './place'
import { smear } from './smear'
import { trueClasses } from './truth'

type Case = Schema<'Case'>

/** A case with fields that no model has seen. */
export async function caseWithFields(technician: Client, patientName: string, fields = 3): Promise<Case> {
    const made = await technician.newCase(patientName)
    if (fields) await technician.upload(made.id, smear(fields))
    return made
}

/** A case whose cells the models have found and named; nobody has looked at it. */
export async function analysedCase(technician: Client, patientName: string, fields = 3): Promise<Case> {
    const made = await caseWithFields(technician, patientName, fields)
    await technician.analyse(made.id)
    return made
}

/** A case whose cells are all confirmed, each with the class that was painted. */
export async function reviewedCase(technician: Client, patientName: string, fields = 3): Promise<Case> {
    const made = await analysedCase(technician, patientName, fields)
    const cells = await technician.cells(made.id)
    const truth = trueClasses(cells)
    await relabelAll(technician, cells, (id) => truth.get(id) ?? 'artefact')
    return made
}

/** A reviewed case whose report the doctor has signed. */
export async function signedCase(
    technician: Client,
    doctor: Client,
    patientName: string,
    fields = 3,
): Promise<Case> {
    const made = await reviewedCase(technician, patientName, fields)
    const { fingerprint } = await doctor.get<{ fingerprint: string }>(`cases/${made.id}/analysis`)
    await doctor.post(`cases/${made.id}/sign`, {
        password: place().passwords.doctor,
        fingerprint,
        conclusion: 'As first signed.',
    })
    return made
}

/** One step for each class; returns the cells as they are then. */
export async function relabelAll(
    client: Client,
    cells: Schema<'TableCell'>[],
    classOf: (id: number) => string,
): Promise<Schema<'Cell'>[]> {
    const changed: Schema<'Cell'>[] = []
    for (const name of new Set(cells.map(({ id }) => classOf(id)))) {
        const group = cells.filter(({ id }) => classOf(id) === name)
        changed.push(...(await client.relabel(group, name)).cells)
    }
    return changed
}
