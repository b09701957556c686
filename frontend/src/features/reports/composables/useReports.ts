import { keepPreviousData, useQuery } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { api, data } from '@/api/client'
import type { paths } from '@/api/generated/schema'
import type { Schema } from '@/api/types'
import type { Language } from './useAnalysis'

export type Report = Schema<'Report'>
export type ReportQuery = NonNullable<paths['/api/v1/reports']['get']['parameters']['query']>

/** One page of the signed reports that the filters leave. */
export function useReports(query: MaybeRefOrGetter<ReportQuery>) {
    return useQuery({
        queryKey: computed(() => ['reports', 'list', toValue(query)]),
        queryFn: () => data(api.GET('/api/v1/reports', { params: { query: toValue(query) } })),
        placeholderData: keepPreviousData,
    })
}

/** What was signed, with the words of one language. */
export function reportDocument(id: number, language: Language): Promise<Schema<'SignedReportAnswer'>> {
    return data(
        api.GET('/api/v1/reports/{id}/document', {
            params: { path: { id: String(id) }, query: { language } },
        }),
    )
}

export function caseSign(caseId: number, body: Schema<'SignInputRequest'>): Promise<Report> {
    return data(api.POST('/api/v1/cases/{case_pk}/sign', { params: { path: { case_pk: caseId } }, body }))
}

/** A further version of a report that was signed before. */
export function caseAmend(caseId: number, body: Schema<'AmendInputRequest'>): Promise<Report> {
    return data(api.POST('/api/v1/cases/{case_pk}/amend', { params: { path: { case_pk: caseId } }, body }))
}

/** Puts a signed case back into review. */
export async function caseReopen(caseId: number, reason: string): Promise<void> {
    await api.POST('/api/v1/cases/{case_pk}/reopen', {
        params: { path: { case_pk: caseId } },
        body: { reason },
    })
}
