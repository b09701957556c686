import { computed, ref, shallowRef } from 'vue'
import { useQueryClient } from '@tanstack/vue-query'
import { api, data } from '@/api/client'
import type { Schema } from '@/api/types'
import { useReporting } from '@/composables/useReporting'

export type PatientImport = Schema<'PatientImport'>
type Mode = Schema<'ImportMode'>

/** The columns that an import understands, in the order of the template. */
export const COLUMNS = [
    'hospital_number',
    'name',
    'id_card',
    'phone',
    'sex',
    'birth_date',
    'keywords',
] as const
export const NEEDED_COLUMNS: readonly string[] = ['hospital_number', 'name']

/** An empty table with the given column names, which spreadsheets open with the right letters. */
export function templateFile(names: readonly string[]): Blob {
    return new Blob(['\ufeff', names.join(','), '\r\n'], { type: 'text/csv;charset=utf-8' })
}

function send(file: File, mode: Mode): Promise<PatientImport> {
    const form = new FormData()
    form.set('file', file)
    form.set('mode', mode)
    return data(
        api.POST('/api/v1/patients/import', {
            body: { file: '', mode }, // its type knows no files; what is sent is the form
            bodySerializer: () => form,
        }),
    )
}

/** A file of patients: looked at first, imported when asked for. Nothing is imported by choosing a file. */
export function usePatientImport() {
    const { reporting, messageOf } = useReporting()
    const queries = useQueryClient()
    const file = shallowRef<File | null>(null)
    const checked = shallowRef<PatientImport | null>(null)
    const importedCount = ref<number | null>(null)
    const isBusy = ref(false)
    const refusal = ref('')
    const isWithoutFault = computed(() => checked.value?.fault_count === 0)

    /** Says what the file holds. Why it is no table of patients at all is in `refusal`. */
    async function look(chosen: File): Promise<void> {
        startAgain()
        file.value = chosen
        isBusy.value = true
        try {
            checked.value = await send(chosen, 'preview')
        } catch (error) {
            refusal.value = messageOf(error)
        } finally {
            isBusy.value = false
        }
    }

    /** Imports the rows without fault. Where the file has none, all or nothing: it may have got one since. */
    async function importRows(): Promise<void> {
        const chosen = file.value
        if (!chosen) return
        isBusy.value = true
        try {
            await reporting(async () => {
                const answer = await send(chosen, isWithoutFault.value ? 'all' : 'valid')
                importedCount.value = answer.imported_count
                await queries.invalidateQueries({ queryKey: ['patients'] })
            })
        } finally {
            isBusy.value = false
        }
    }

    function startAgain(): void {
        file.value = null
        checked.value = null
        importedCount.value = null
        refusal.value = ''
    }

    return { file, checked, importedCount, isBusy, refusal, isWithoutFault, look, importRows, startAgain }
}
