import { useQuery } from '@tanstack/vue-query'
import { api, data } from '@/api/client'

const EVERY_MS = 20_000

/** When the day began for the person who looks; only the browser knows the time zone. */
export function dayBegan(now: Date): Date {
    return new Date(now.getFullYear(), now.getMonth(), now.getDate())
}

/** What the first page shows; read anew now and then, because others work too. */
export function useDashboard() {
    return useQuery({
        queryKey: ['dashboard'],
        queryFn: () =>
            data(
                api.GET('/api/v1/dashboard', {
                    params: { query: { since: dayBegan(new Date()).toISOString() } },
                }),
            ),
        refetchInterval: EVERY_MS,
    })
}
