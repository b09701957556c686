import { keepPreviousData, useQuery } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { useI18n } from 'vue-i18n'
import { api, data } from '@/api/client'
import type { Schema } from '@/api/types'
import { LANGUAGE_OF_LOCALE, type Locale } from '@/i18n'

export type AnalysisAnswer = Schema<'CaseAnalysisAnswer'>
export type Share = Schema<'Share'>
export type Language = (typeof LANGUAGE_OF_LOCALE)[Locale]

/** The language of the page, as the server calls it. */
export function useLanguage() {
    const { locale } = useI18n()
    return computed<Language>(() => LANGUAGE_OF_LOCALE[locale.value as Locale])
}

/** Counts, suggestions and obstacles of a case as they are now, in the words of the page. */
export function useAnalysis(caseId: MaybeRefOrGetter<number>) {
    const language = useLanguage()
    return useQuery({
        queryKey: computed(() => ['analyses', toValue(caseId), language.value]),
        queryFn: () =>
            data(
                api.GET('/api/v1/cases/{case_pk}/analysis', {
                    params: { path: { case_pk: toValue(caseId) }, query: { language: language.value } },
                }),
            ),
        placeholderData: keepPreviousData, // while the language changes
        staleTime: 0, // readers change cells on another page
    })
}
