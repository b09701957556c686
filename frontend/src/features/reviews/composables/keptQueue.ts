/**
 * What waits for the server, kept in the browser so that it survives a reload. Each page keeps its own, so that two
 * pages of one reader do not overwrite each other's; what a closed page has left is taken over by one that is open.
 */
import type { Change } from './changes'
import type { Conflict } from './conflicts'
import { useOpenPages } from './openPages'

export interface KeptQueue {
    pending: Change[]
    conflicts: Conflict[]
}

const BETWEEN = '#' // stands in no storage key

export function useKeptQueue(storageKey: string, takeOver: (left: KeptQueue) => void) {
    const page = useOpenPages(storageKey)
    const own = storageKey + BETWEEN + page.name

    function keep(queue: KeptQueue): void {
        if (queue.pending.length || queue.conflicts.length) localStorage.setItem(own, JSON.stringify(queue))
        else localStorage.removeItem(own)
    }

    /** Nothing where no page was closed with changes that wait. */
    async function adopt(): Promise<void> {
        const found = Object.keys(localStorage).filter(
            (key) => key.startsWith(storageKey + BETWEEN) && key !== own,
        )
        if (!found.length) return
        const open = await page.others()
        for (const key of found) {
            const text = localStorage.getItem(key) // null: another page was quicker
            if (text === null || open.has(key.slice(key.indexOf(BETWEEN) + 1))) continue
            localStorage.removeItem(key)
            takeOver(JSON.parse(text) as KeptQueue)
        }
    }

    return { keep, adopt }
}
