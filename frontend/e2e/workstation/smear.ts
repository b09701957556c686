import { execFile } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { place, python, pythonEnvironment, smearFolder } from './place'

export interface SmearFile {
    name: string
    mimeType: string
    buffer: Buffer
}

/** Paints fields with known cells; `truth.csv` beside them says which. */
export async function paintSmear(
    folder: string,
    fields: number,
    { width, height } = { width: 640, height: 480 },
): Promise<void> {
    const options = ['--out', folder, '--fields', String(fields), '--preset', 'peripheral-blood-leukaemic']
    options.push('--width', String(width), '--height', String(height))
    await promisify(execFile)(python(), ['-m', 'hemascope', 'synth', ...options, '--seed', '8'], {
        env: pythonEnvironment(),
    })
}

/** The first `count` fields of the smear that the set-up has painted. */
export function smear(count: number): SmearFile[] {
    return smearIn(smearFolder(place().folder)).slice(0, count)
}

export function smearIn(folder: string): SmearFile[] {
    const names = readdirSync(folder).filter((name) => name.endsWith('.jpg'))
    return names
        .sort()
        .map((name) => ({ name, mimeType: 'image/jpeg', buffer: readFileSync(join(folder, name)) }))
}

/** As many different files as wanted out of the same fields: a JPEG may end in anything. */
export function manyFields(count: number): SmearFile[] {
    const fields = smear(count)
    return Array.from({ length: count }, (_, index) => {
        const field = fields[index % fields.length]
        if (!field) throw new Error('no field was painted')
        const buffer = Buffer.concat([field.buffer, Buffer.from(`copy ${index}`)])
        return { ...field, name: `${index}_${field.name}`, buffer }
    })
}
