import { computed } from 'vue'
import { useListQuery } from '@/composables/useListQuery'
import { useSession } from '@/stores/session'
import type { CaseQuery } from './useCases'

const FILTERS = [
    'search',
    'state',
    'specimen',
    'patient',
    'reader',
    'collected_from',
    'collected_to',
    'ordering',
] as const
export type CaseFilter = (typeof FILTERS)[number]
export type CaseFilters = Partial<Record<CaseFilter, string>>

/** What the address says about readers: mine, nobody's, or everybody's. */
function ofReader(reader: string | undefined, me: number | undefined): CaseQuery {
    if (reader === 'me') return { reader: me }
    return reader === 'nobody' ? { is_assigned: false } : {}
}

/** The worklist's filters in the address (`?state=new,analysed&reader=me`), and what they ask the server for. */
export function useCaseQuery() {
    const session = useSession()
    const list = useListQuery(FILTERS)
    const query = computed(() => {
        const { state, reader, patient, ...rest } = list.filters.value
        return {
            ...rest,
            ...ofReader(reader, session.user?.id),
            ...(state && { state: state.split(',') }),
            ...(patient && { patient: Number(patient) }),
            page: list.page.value,
            page_size: list.pageSize.value,
        } as CaseQuery
    })
    return { ...list, query }
}
