import { keepPreviousData, useQuery } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { api, data } from '@/api/client'
import type { paths } from '@/api/generated/schema'
import type { Schema } from '@/api/types'

export type Report = Schema<'Report'>
export type ReportQuery = NonNullable<paths['/api/v1/reports']['get']['parameters']['query']>

/** One page of the signed reports that the filters leave. */
export function useReports(query: MaybeRefOrGetter<ReportQuery>) {
    return useQuery({
        queryKey: computed(() => ['reports', toValue(query)]),
        queryFn: () => data(api.GET('/api/v1/reports', { params: { query: toValue(query) } })),
        placeholderData: keepPreviousData,
    })
}

/** The forms in which a signed report can be taken along. */
export const REPORT_FORMS = ['pdf', 'fhir', 'hl7', 'csv', 'xlsx', 'document'] as const
export type ReportForm = (typeof REPORT_FORMS)[number]
