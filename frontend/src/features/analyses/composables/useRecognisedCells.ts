import { useInfiniteQuery, useQuery } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { api, data } from '@/api/client'
import type { Schema } from '@/api/types'

const CELLS_A_PAGE = 60
export type CellOrder = 'ambiguity' | '-ambiguity' | 'pk'

/** The page's place is in the address of the next one. */
export function cursorOf(next: string | null | undefined): string | undefined {
    return next ? (new URL(next, location.origin).searchParams.get('cursor') ?? undefined) : undefined
}

/** The cells of a case, one class or all, more of them on demand. */
export function useRecognisedCells(
    caseId: MaybeRefOrGetter<number>,
    shownClass: MaybeRefOrGetter<string>,
    order: MaybeRefOrGetter<CellOrder>,
) {
    return useInfiniteQuery({
        queryKey: computed(() => ['cells', 'case', toValue(caseId), toValue(shownClass), toValue(order)]),
        queryFn: ({ pageParam }) =>
            data(
                api.GET('/api/v1/reviews/cells', {
                    params: {
                        query: {
                            case: toValue(caseId),
                            is_deleted: false,
                            shown_class: toValue(shownClass) || undefined,
                            ordering: toValue(order),
                            page_size: CELLS_A_PAGE,
                            cursor: pageParam,
                        },
                    },
                }),
            ),
        initialPageParam: undefined as string | undefined,
        getNextPageParam: (last) => cursorOf(last.next),
    })
}

/** How many cells of each class a case has. */
export function useClassCounts(caseId: MaybeRefOrGetter<number>) {
    return useQuery({
        queryKey: computed(() => ['cells', 'progress', toValue(caseId)]),
        queryFn: (): Promise<Schema<'CaseProgress'>> =>
            data(
                api.GET('/api/v1/reviews/cases/{case_pk}/progress', {
                    params: { path: { case_pk: toValue(caseId) } },
                }),
            ),
    })
}
