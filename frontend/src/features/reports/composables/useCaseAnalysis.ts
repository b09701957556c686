import { useQuery } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { api, data } from '@/api/client'
import { LANGUAGE_OF_LOCALE } from '@/i18n'
import { usePreferences } from '@/stores/preferences'

/** Counts, suggestions and obstacles of a case as it is now, worded in the language of the page. */
export function useCaseAnalysis(caseId: MaybeRefOrGetter<number>) {
    const preferences = usePreferences()
    const language = computed(() => LANGUAGE_OF_LOCALE[preferences.locale])
    return useQuery({
        queryKey: computed(() => ['cases', toValue(caseId), 'analysis', language.value]),
        queryFn: () =>
            data(
                api.GET('/api/v1/cases/{case_pk}/analysis', {
                    params: { path: { case_pk: toValue(caseId) }, query: { language: language.value } },
                }),
            ),
    })
}
