import { useQuery } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { api, data } from '@/api/client'
import type { Field } from './useFields'

/** One field; taken from the rows that are there, asked of the server where it is on another page of the list. */
export function useField(
    fieldId: MaybeRefOrGetter<number | undefined>,
    rows: MaybeRefOrGetter<readonly Field[]>,
) {
    const row = computed(() => toValue(rows).find((field) => field.id === toValue(fieldId)))
    const query = useQuery({
        queryKey: computed(() => ['fields', 'one', toValue(fieldId)]),
        queryFn: () =>
            data(api.GET('/api/v1/fields/{id}', { params: { path: { id: String(toValue(fieldId)) } } })),
        enabled: computed(() => toValue(fieldId) !== undefined && !row.value),
    })
    return { data: computed(() => row.value ?? query.data.value) }
}
