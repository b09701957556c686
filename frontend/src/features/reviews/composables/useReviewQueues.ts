import { effectScope } from 'vue'
import { defineStore } from 'pinia'
import { useReviewQueue, type Listener, type QueueOptions } from './useReviewQueue'

type ReviewQueue = ReturnType<typeof useReviewQueue>

/** A queue goes on sending when its page is left; who comes back finds the same one. */
export const useReviewQueues = defineStore('reviewQueues', () => {
    const queues = new Map<string, ReviewQueue>()

    function of(options: QueueOptions, listener: Listener): ReviewQueue {
        const open = queues.get(options.storageKey)
        if (open) {
            open.listen(listener)
            return open
        }
        const queue = effectScope(true).run(() => useReviewQueue(options, listener))
        if (!queue) throw new Error('a new scope runs at once')
        queues.set(options.storageKey, queue)
        return queue
    }

    return { of }
})
