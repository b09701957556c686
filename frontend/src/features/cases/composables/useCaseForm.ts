import { useI18n } from 'vue-i18n'
import { useQueryClient } from '@tanstack/vue-query'
import { api, data } from '@/api/client'
import type { Schema } from '@/api/types'
import { useVersionedForm } from '@/composables/useVersionedForm'
import { caseKey } from './useCase'
import { caseRead, type Case } from './useCases'

type Input = Required<Schema<'CaseInputRequest'>>
export type CaseValues = Pick<
    Input,
    'stain' | 'clinical_question' | 'wbc_e9_per_l' | 'haemoglobin_g_per_l' | 'platelets_e9_per_l'
> & {
    // not chosen yet in a new case
    patient: number | null
    specimen: Input['specimen'] | ''
    collected_on: string | null
}

function valuesOf(found: Case | null): CaseValues {
    return {
        patient: found?.patient.id ?? null,
        specimen: found?.specimen ?? '',
        stain: found?.stain ?? 'wright-giemsa',
        collected_on: found?.collected_on ?? null,
        clinical_question: found?.clinical_question ?? '',
        wbc_e9_per_l: found?.wbc_e9_per_l ?? null,
        haemoglobin_g_per_l: found?.haemoglobin_g_per_l ?? null,
        platelets_e9_per_l: found?.platelets_e9_per_l ?? null,
    }
}

/** Changes a case that was read, whatever is changed of it. */
export function caseUpdate(
    found: Case,
    changes: Omit<Schema<'PatchedCaseUpdateInputRequest'>, 'version'>,
): Promise<Case> {
    return data(
        api.PATCH('/api/v1/cases/{id}', {
            params: { path: { id: String(found.id) } },
            body: { ...changes, version: found.version },
        }),
    )
}

/** What was left open is not sent, so that the server says which of it is needed. */
function caseCreate(values: Partial<CaseValues>): Promise<Case> {
    const given = Object.entries(values).filter(([, value]) => value !== null && value !== '')
    return data(api.POST('/api/v1/cases', { body: Object.fromEntries(given) as unknown as Input }))
}

/** What stands on the request form: of a new case (`row` is null), or of one that is changed. */
export function useCaseForm(row: () => Case | null, patient: number | null = null) {
    const { t } = useI18n()
    const queries = useQueryClient()
    return useVersionedForm<Case, CaseValues>({
        row,
        valuesOf: (found) => (found ? valuesOf(found) : { ...valuesOf(null), patient }),
        reload: ({ id }) => caseRead(id),
        async save(changes, found) {
            const saved = found ? await caseUpdate(found, changes as Input) : await caseCreate(changes)
            queries.setQueryData(caseKey(saved.id), saved)
            void queries.invalidateQueries({ queryKey: ['cases'] })
            return saved
        },
        shown(name, value) {
            if (name === 'specimen') return t(`cases.specimens.${String(value)}`)
            if (name === 'stain') return t(`cases.stains.${String(value)}`)
            return String(value ?? t('app.notStated'))
        },
    })
}
