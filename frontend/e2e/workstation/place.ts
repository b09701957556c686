import { existsSync } from 'node:fs'
import { join } from 'node:path'

export const ROOT = join(import.meta.dirname, '..', '..', '..')

/** Where the one workstation of this run is. The set-up decides it; the tests, other processes, read it. */
export interface Place {
    url: string
    folder: string
    serverId: number
    passwords: Record<Account, string>
}

/** The accounts of the demonstration; the paediatrician is a doctor of another department. */
export const ACCOUNTS = ['admin', 'doctor', 'technician', 'viewer', 'paediatrician'] as const
export type Account = (typeof ACCOUNTS)[number]

const VARIABLE = 'HEMASCOPE_E2E_PLACE'

export function announce(place: Place): void {
    process.env[VARIABLE] = JSON.stringify(place)
}

export function place(): Place {
    const announced = process.env[VARIABLE]
    if (!announced) throw new Error(`${VARIABLE} is not set: the tests run through playwright.config.ts`)
    return JSON.parse(announced) as Place
}

export const logFile = (folder: string) => join(folder, 'server.log')
export const dataFolder = (folder: string) => join(folder, 'data')
export const stateFile = (folder: string, account: Account) => join(folder, `${account}.json`)
export const smearFolder = (folder: string) => join(folder, 'smear')

/** HEMASCOPE_PYTHON, else that of the project's own environment. */
export function python(): string {
    const found = process.env.HEMASCOPE_PYTHON ?? join(ROOT, '.venv', 'bin', 'python')
    if (!existsSync(found)) throw new Error(`${found} is missing: run \`make e2e\`, or set HEMASCOPE_PYTHON`)
    return found
}

export const pythonEnvironment = () => ({
    ...process.env,
    PYTHONPATH: join(ROOT, 'src'),
    PYTHONUNBUFFERED: '1',
    HEMASCOPE_JOB_LEASE_S: '5', // a killed worker is missed sooner than after the usual half minute
})
