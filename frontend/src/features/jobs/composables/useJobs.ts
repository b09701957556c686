import { keepPreviousData, useQuery } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { api, data } from '@/api/client'
import type { paths } from '@/api/generated/schema'
import type { Schema } from '@/api/types'

export type Job = Schema<'Job'>
export type JobQuery = NonNullable<paths['/api/v1/jobs']['get']['parameters']['query']>

export const JOB_STATUSES = ['queued', 'running', 'done', 'failed', 'cancelled'] as const
const BUSY_MS = 2_000 // while something moves
const IDLE_MS = 15_000

/** Whether it still goes on, so that it can be cancelled. */
export function isOpen(job: Pick<Job, 'status'>): boolean {
    return job.status === 'queued' || job.status === 'running'
}

/** One page of the jobs that the person may see: one's own, administrators all. It follows what happens. */
export function useJobs(query: MaybeRefOrGetter<JobQuery>) {
    return useQuery({
        queryKey: computed(() => ['jobs', toValue(query)]),
        queryFn: () => data(api.GET('/api/v1/jobs', { params: { query: toValue(query) } })),
        placeholderData: keepPreviousData,
        refetchInterval: ({ state }) => (state.data?.results.some(isOpen) ? BUSY_MS : IDLE_MS),
    })
}

/** A waiting job ends at once, a running one at its next step. */
export async function jobCancel(id: string): Promise<void> {
    await api.POST('/api/v1/jobs/{id}/cancel', { params: { path: { id } } })
}
