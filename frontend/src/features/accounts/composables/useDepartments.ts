import { useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import { api, data } from '@/api/client'
import type { Schema } from '@/api/types'

export type Department = Schema<'Department'>
const ALL = 500 // the longest page the server gives; hospitals have fewer departments

/** All departments, by name. */
export function useDepartments() {
    const query = useQuery({
        queryKey: ['departments'],
        queryFn: () => data(api.GET('/api/v1/departments', { params: { query: { page_size: ALL } } })),
    })
    const departments = computed(() => query.data.value?.results ?? [])
    /** Empty for none, and for one that was deleted since. */
    const nameOf = (id: number | null) => departments.value.find((one) => one.id === id)?.name ?? ''
    return { ...query, departments, nameOf }
}

/** Renames the department; makes one where there is none yet. */
export function departmentSave(department: Department | null, name: string): Promise<Department> {
    if (!department) return data(api.POST('/api/v1/departments', { body: { name } }))
    return data(
        api.PATCH('/api/v1/departments/{id}', {
            params: { path: { id: String(department.id) } },
            body: { name },
        }),
    )
}

export async function departmentDelete(id: number): Promise<void> {
    await api.DELETE('/api/v1/departments/{id}', { params: { path: { id: String(id) } } })
}
