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

/** As when the machine runs out of memory: the worker has no time to say anything. */
export function killWorker(): void {
    const id = workerId()
    if (!id) throw new Error('no worker is running')
    process.kill(id, 'SIGKILL')
}
