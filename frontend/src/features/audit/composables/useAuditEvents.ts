import { keepPreviousData, useQuery } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { api, data } from '@/api/client'
import type { paths } from '@/api/generated/schema'
import type { Schema } from '@/api/types'
import { localDay } from '@/i18n/localDay'

export type AuditEvent = Schema<'AuditEvent'>
export type AuditQuery = NonNullable<paths['/api/v1/audit/events']['get']['parameters']['query']>

/** The names of the filters in the page's address; days are those of the person who looks. */
export const AUDIT_FILTERS = [
    'search',
    'verb',
    'actor',
    'subject_type',
    'subject_id',
    'from',
    'to',
    'ordering',
] as const
export type AuditFilter = (typeof AUDIT_FILTERS)[number]

/** What the server is asked: both days are meant as a whole. */
export function auditQuery(filters: Partial<Record<AuditFilter, string>>): AuditQuery {
    const { from, to, actor, ...others } = filters
    const query: AuditQuery = { ...others }
    if (actor) query.actor = Number(actor)
    if (from) query.at_from = localDay(from).toISOString()
    if (to) {
        const end = localDay(to)
        end.setDate(end.getDate() + 1)
        query.at_to = end.toISOString()
    }
    return query
}

/** One page of the log. */
export function useAuditEvents(query: MaybeRefOrGetter<AuditQuery>) {
    return useQuery({
        queryKey: computed(() => ['audit', 'events', toValue(query)]),
        queryFn: () => data(api.GET('/api/v1/audit/events', { params: { query: toValue(query) } })),
        placeholderData: keepPreviousData,
    })
}

/** Whether the log is whole; asked when somebody wants to know, because the server then reads all of it. */
export function useVerification() {
    return useQuery({
        queryKey: ['audit', 'verification'],
        queryFn: () => data(api.GET('/api/v1/audit/events/verification')),
        enabled: false,
        gcTime: 0,
    })
}
