import { keepPreviousData, useQuery } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { api, data } from '@/api/client'
import type { paths } from '@/api/generated/schema'
import type { Schema } from '@/api/types'

export type Case = Schema<'Case'>
export type CaseQuery = NonNullable<paths['/api/v1/cases']['get']['parameters']['query']>

/** One page of the cases that the filters leave. */
export function useCases(query: MaybeRefOrGetter<CaseQuery>) {
    return useQuery({
        queryKey: computed(() => ['cases', 'list', toValue(query)]),
        queryFn: () => data(api.GET('/api/v1/cases', { params: { query: toValue(query) } })),
        placeholderData: keepPreviousData,
    })
}

export function caseRead(id: number): Promise<Case> {
    return data(api.GET('/api/v1/cases/{id}', { params: { path: { id: String(id) } } }))
}

export async function caseDelete(id: number): Promise<void> {
    await api.DELETE('/api/v1/cases/{id}', { params: { path: { id: String(id) } } })
}

/** Names who is to look at the case; null: nobody. */
export function caseAssign(found: Case, reader: number | null): Promise<Case> {
    return data(
        api.POST('/api/v1/cases/{id}/assign', {
            params: { path: { id: String(found.id) } },
            body: { reader, version: found.version },
        }),
    )
}

/** Whether what the report rests on may still be changed. */
export function isOpen(found: Case): boolean {
    return found.state !== 'signed' && found.state !== 'amended'
}
