import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { dataFolder, place, python } from './place'

/** Process of the job worker that the workstation runs just now (Linux: read from /proc). */
function workerId(): number | undefined {
    const { serverId } = place()
    const children = readFileSync(`/proc/${serverId}/task/${serverId}/children`, 'utf8').trim().split(' ')
    return children
        .map(Number)
        .find((id) => id && readFileSync(`/proc/${id}/cmdline`, 'utf8').includes('jobs_worker'))
}

function signal(kind: NodeJS.Signals): void {
    const id = workerId()
    if (!id) throw new Error('no worker is running')
    process.kill(id, kind)
}

/** As when the machine runs out of memory: the worker has no time to say anything. */
export const killWorker = () => signal('SIGKILL')

function isDatabaseFree(): boolean {
    const database = join(dataFolder(place().folder), 'hemascope.sqlite3')
    const write = 'import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0.2).execute("BEGIN IMMEDIATE")'
    return spawnSync(python(), ['-c', write, database]).status === 0
}

/** The worker stands still while the action is done: what runs does not come to its end meanwhile. */
export async function whileWorkerRests(action: () => Promise<void>): Promise<void> {
    signal('SIGSTOP')
    while (!isDatabaseFree()) {
        signal('SIGCONT') // it was caught while it wrote
        await pause(50)
        signal('SIGSTOP')
    }
    await action().finally(() => signal('SIGCONT'))
}
