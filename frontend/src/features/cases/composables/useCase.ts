import { useQuery } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { api, data } from '@/api/client'

export function caseKey(caseId: number): readonly unknown[] {
    return ['cases', caseId]
}

/** One case of the server; all pages of a case share it. */
export function useCase(caseId: MaybeRefOrGetter<number>) {
    return useQuery({
        queryKey: computed(() => caseKey(toValue(caseId))),
        queryFn: () =>
            data(api.GET('/api/v1/cases/{id}', { params: { path: { id: String(toValue(caseId)) } } })),
    })
}
