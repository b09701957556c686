import { keepPreviousData, useQuery } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { api, data } from '@/api/client'
import type { Schema } from '@/api/types'

export type Field = Schema<'Field'>
export const FIELDS_A_PAGE = 50

/** One page of the fields (or ready-made crops) of a case, in the order of their upload. */
export function useFields(
    caseId: MaybeRefOrGetter<number>,
    kind: Schema<'KindEnum'>,
    page: MaybeRefOrGetter<number>,
) {
    return useQuery({
        queryKey: computed(() => ['fields', toValue(caseId), kind, toValue(page)]),
        queryFn: () =>
            data(
                api.GET('/api/v1/cases/{case_pk}/fields', {
                    params: {
                        path: { case_pk: toValue(caseId) },
                        query: { kind, page: toValue(page), page_size: FIELDS_A_PAGE },
                    },
                }),
            ),
        placeholderData: keepPreviousData,
    })
}

export async function deleteField(field: Field): Promise<void> {
    await api.DELETE('/api/v1/fields/{id}', { params: { path: { id: String(field.id) } } })
}
