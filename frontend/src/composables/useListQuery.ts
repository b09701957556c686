import { computed, type ComputedRef } from 'vue'
import { useRoute, useRouter, type LocationQueryRaw } from 'vue-router'

/** State of a list that lives in the address, so that it survives a reload and can be sent to a colleague. */
export function useListQuery<Name extends string>(names: readonly Name[]) {
    const route = useRoute()
    const router = useRouter()

    function text(name: string): string {
        const value = route.query[name]
        return typeof value === 'string' ? value : ''
    }

    const page = computed({
        get: () => Math.max(1, Number.parseInt(text('page'), 10) || 1),
        set: (wanted) => void change({ page: wanted === 1 ? undefined : String(wanted) }),
    })
    const pageSize = computed({
        get: () => Number.parseInt(text('page_size'), 10) || 20,
        set: (wanted) => void change({ page_size: String(wanted), page: undefined }),
    })

    function change(values: LocationQueryRaw): Promise<unknown> {
        return router.replace({ query: { ...route.query, ...values } })
    }

    /** Another filter, search or order starts at the first page again; an empty text takes it away. */
    function set(name: Name, value: string): void {
        setAll({ [name]: value } as Partial<Record<Name, string>>)
    }

    /** Several at once, such as both ends of a range. */
    function setAll(values: Partial<Record<Name, string>>): void {
        const given = Object.entries<string | undefined>(values).map(([name, value]) => [
            name,
            value || undefined,
        ])
        void change({ ...Object.fromEntries(given), page: undefined })
    }

    const filters: ComputedRef<Partial<Record<Name, string>>> = computed(
        () =>
            Object.fromEntries(
                names.map((name) => [name, text(name)]).filter(([, value]) => value),
            ) as Partial<Record<Name, string>>,
    )

    return { page, pageSize, filters, set, setAll }
}
