import { keepPreviousData, useQuery } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { api, data } from '@/api/client'
import type { paths } from '@/api/generated/schema'
import type { Schema } from '@/api/types'

export type Patient = Schema<'Patient'>
export type PatientFilters = NonNullable<paths['/api/v1/patients']['get']['parameters']['query']>

/** One page of the patients that the filters leave. */
export function usePatients(filters: MaybeRefOrGetter<PatientFilters>) {
    return useQuery({
        queryKey: computed(() => ['patients', 'list', toValue(filters)]),
        queryFn: () => data(api.GET('/api/v1/patients', { params: { query: toValue(filters) } })),
        placeholderData: keepPreviousData,
    })
}

export function patientRead(id: number): Promise<Patient> {
    return data(api.GET('/api/v1/patients/{id}', { params: { path: { id: String(id) } } }))
}

export function usePatient(id: MaybeRefOrGetter<number>, isWanted: MaybeRefOrGetter<boolean> = true) {
    return useQuery({
        queryKey: computed(() => ['patients', toValue(id)]),
        queryFn: () => patientRead(toValue(id)),
        enabled: () => toValue(isWanted),
    })
}

export async function patientDelete(id: number): Promise<void> {
    await api.DELETE('/api/v1/patients/{id}', { params: { path: { id: String(id) } } })
}
