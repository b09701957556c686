import { keepPreviousData, useQuery } from '@tanstack/vue-query'
import { computed, ref, watch } from 'vue'
import { useListQuery } from '@/composables/useListQuery'
import { cellsPage, cursorOf, type CellQuery } from './reviewApi'

export const CELL_FILTERS = ['search', 'case', 'shown_class', 'is_confirmed', 'is_deleted'] as const
export type CellFilterName = (typeof CELL_FILTERS)[number]
export type CellFilters = Partial<Record<CellFilterName, string>>
const PAGE_SIZE = 50

function yesOrNo(text: string | undefined): boolean | undefined {
    return text === undefined ? undefined : text === 'true'
}

/** What the address asks the server for; a case that is no number matches none. */
export function cellQuery({
    search,
    case: caseId,
    shown_class,
    is_confirmed,
    is_deleted,
}: CellFilters): CellQuery {
    return {
        search,
        case: caseId ? Number(caseId) || 0 : undefined,
        shown_class,
        is_confirmed: yesOrNo(is_confirmed),
        is_deleted: yesOrNo(is_deleted),
    }
}

/** The table of all cells, page by page with the server's cursor: there is no count and no jump. */
export function useCellFiles() {
    const { filters, setAll } = useListQuery(CELL_FILTERS)
    /** cursors of the pages up to this one; the first page has none */
    const trail = ref<string[]>([])
    const asked = computed(() => cellQuery(filters.value))
    const query = computed(() => ({ ...asked.value, page_size: PAGE_SIZE, cursor: trail.value.at(-1) }))
    const page = useQuery({
        queryKey: computed(() => ['cells', 'list', query.value]),
        queryFn: () => cellsPage(query.value),
        placeholderData: keepPreviousData,
    })
    const nextCursor = computed(() => cursorOf(page.data.value?.next))
    watch(filters, () => (trail.value = []))

    const exportAddress = computed(() => {
        const given = Object.entries(asked.value).filter(([, value]) => value !== undefined)
        return `/api/v1/reviews/cells/export?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`
    })

    return {
        ...page,
        filters,
        setAll,
        exportAddress,
        hasPrevious: computed(() => trail.value.length > 0),
        hasNext: computed(() => nextCursor.value !== undefined),
        previous: () => (trail.value = trail.value.slice(0, -1)),
        next: () => nextCursor.value && trail.value.push(nextCursor.value),
    }
}
