import { keepPreviousData, useQuery } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { api, data } from '@/api/client'
import type { Schema } from '@/api/types'

export type Bundle = Schema<'Bundle'>
export type ActiveModel = Schema<'ActiveModel'>
export type Activation = Schema<'Activation'>

const HASHING_MS = 60_000 // each answer reads and hashes every network on the server

export function useBundles() {
    return useQuery({
        queryKey: ['models', 'bundles'],
        queryFn: () => data(api.GET('/api/v1/bundles')),
        staleTime: HASHING_MS,
    })
}

/** With its card. */
export function useBundle(name: MaybeRefOrGetter<string>) {
    return useQuery({
        queryKey: computed(() => ['models', 'bundles', toValue(name)]),
        queryFn: () => data(api.GET('/api/v1/bundles/{name}', { params: { path: { name: toValue(name) } } })),
        staleTime: HASHING_MS,
    })
}

/** Which bundle examines which specimens, one row for each specimen and task. */
export function useActiveModels() {
    return useQuery({
        queryKey: ['models', 'active'],
        queryFn: () => data(api.GET('/api/v1/active-models')),
    })
}

/** One page of what was chosen, newest first. */
export function useActivations(page: MaybeRefOrGetter<number>, pageSize: MaybeRefOrGetter<number>) {
    const query = computed(() => ({ page: toValue(page), page_size: toValue(pageSize) }))
    return useQuery({
        queryKey: computed(() => ['models', 'activations', query.value]),
        queryFn: () => data(api.GET('/api/v1/activations', { params: { query: query.value } })),
        placeholderData: keepPreviousData,
    })
}

/** `number` of the active model is what the person saw: whoever comes second is told so. */
export function modelActivate(active: ActiveModel, bundle: string, reason: string): Promise<Activation> {
    const { specimen, task, number } = active
    return data(api.POST('/api/v1/activations', { body: { specimen, task, number, bundle, reason } }))
}

export function modelRollBack(active: ActiveModel, reason: string): Promise<Activation> {
    const { specimen, task, number } = active
    return data(api.POST('/api/v1/activations/roll-back', { body: { specimen, task, number, reason } }))
}
