import { computed } from 'vue'
import { useListQuery } from '@/composables/useListQuery'
import type { ReportQuery } from './useReports'

const FILTERS = ['search', 'specimen', 'signed_from', 'signed_to', 'ordering'] as const

/** Midnight where the person is, `later` days after a day of the address (`2026-11-24`). */
export function midnight(day: string, later: number): string {
    const [year = 0, month = 1, date = 1] = day.split('-').map(Number)
    return new Date(year, month - 1, date + later).toISOString()
}

/** The list's filters in the address, and what they ask the server for: the last day belongs to the range. */
export function useReportQuery() {
    const list = useListQuery(FILTERS)
    const query = computed<ReportQuery>(() => {
        const { signed_from: from, signed_to: to, ...rest } = list.filters.value
        return {
            ...rest,
            ...(from && { signed_from: midnight(from, 0) }),
            ...(to && { signed_to: midnight(to, 1) }),
            page: list.page.value,
            page_size: list.pageSize.value,
        }
    })
    return { ...list, query }
}
