import { QueryClient } from '@tanstack/vue-query'
import { ApiError } from './errors'

/** Reads of the server's state: cached, shared between components, tried again only where that can help. */
export const queryClient = new QueryClient({
    defaultOptions: {
        queries: {
            staleTime: 5_000,
            retry: (failures, error) => failures < 2 && error instanceof ApiError && error.isTemporary,
        },
    },
})
