import { useQuery } from '@tanstack/vue-query'
import { api, data } from '@/api/client'
import type { Schema } from '@/api/types'

export type ApiToken = Schema<'ApiToken'>

/** One's own tokens, newest first. */
export function useTokens() {
    return useQuery({
        queryKey: ['tokens'],
        queryFn: () => data(api.GET('/api/v1/me/tokens', { params: { query: { page_size: 500 } } })),
    })
}

/** The answer is the only one that holds the token itself. */
export function tokenCreate(name: string, days: number): Promise<Schema<'NewApiToken'>> {
    return data(api.POST('/api/v1/me/tokens', { body: { name, days } }))
}

export async function tokenDelete(id: number): Promise<void> {
    await api.DELETE('/api/v1/me/tokens/{id}', { params: { path: { id: String(id) } } })
}
