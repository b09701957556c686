import { useQuery } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { caseRead } from './useCases'

export function caseKey(caseId: number): readonly unknown[] {
    return ['cases', caseId]
}

/** One case of the server; all pages of a case share it. */
export function useCase(caseId: MaybeRefOrGetter<number>) {
    return useQuery({
        queryKey: computed(() => caseKey(toValue(caseId))),
        queryFn: () => caseRead(toValue(caseId)),
    })
}
