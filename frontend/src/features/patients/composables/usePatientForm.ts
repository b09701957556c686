import { useI18n } from 'vue-i18n'
import { api, data } from '@/api/client'
import type { Schema } from '@/api/types'
import { useVersionedForm } from '@/composables/useVersionedForm'
import { patientRead, type Patient } from './usePatients'

export type PatientValues = Pick<
    Required<Schema<'PatientInputRequest'>>,
    'hospital_number' | 'name' | 'sex' | 'birth_date' | 'id_card' | 'phone' | 'keywords'
>

function valuesOf(patient: Patient | null): PatientValues {
    return {
        hospital_number: patient?.hospital_number ?? '',
        name: patient?.name ?? '',
        sex: patient?.sex ?? '',
        birth_date: patient?.birth_date ?? null,
        id_card: patient?.id_card ?? '',
        phone: patient?.phone ?? '',
        keywords: patient?.keywords ?? '',
    }
}

function save(changes: Partial<PatientValues>, patient: Patient | null): Promise<Patient> {
    if (!patient) return data(api.POST('/api/v1/patients', { body: changes as PatientValues }))
    return data(
        api.PATCH('/api/v1/patients/{id}', {
            params: { path: { id: String(patient.id) } },
            body: { ...changes, version: patient.version },
        }),
    )
}

/** A patient to be added (`patient` is null) or changed. */
export function usePatientForm(patient: () => Patient | null) {
    const { t } = useI18n()
    return useVersionedForm<Patient, PatientValues>({
        row: patient,
        valuesOf,
        reload: ({ id }) => patientRead(id),
        save,
        shown: (name, value) =>
            name === 'sex'
                ? t(`patients.sexes.${String(value) || 'unstated'}`)
                : String(value || t('app.notStated')),
    })
}
