import { readFileSync } from 'node:fs'
import { place } from './place'

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

/** The worker stands still while the action is done: what runs does not come to its end meanwhile. */
export async function whileWorkerRests(action: () => Promise<void>): Promise<void> {
    signal('SIGSTOP')
    await action().finally(() => signal('SIGCONT'))
}
