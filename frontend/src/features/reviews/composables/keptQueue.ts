/** What waits for the server, kept in the browser so that it survives a reload. */
import type { Change } from './changes'
import type { Conflict } from './conflicts'

interface KeptQueue {
    pending: Change[]
    conflicts: Conflict[]
}

export function keptQueue(key: string): KeptQueue {
    const text = localStorage.getItem(key)
    return text ? (JSON.parse(text) as KeptQueue) : { pending: [], conflicts: [] }
}

export function keepQueue(key: string, queue: KeptQueue): void {
    if (queue.pending.length || queue.conflicts.length) localStorage.setItem(key, JSON.stringify(queue))
    else localStorage.removeItem(key)
}
