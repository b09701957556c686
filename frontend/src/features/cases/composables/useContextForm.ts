import { ref } from 'vue'
import { useI18n } from 'vue-i18n'
import { useQueryClient } from '@tanstack/vue-query'
import { useVersionedForm } from '@/composables/useVersionedForm'
import { contextOf, FACTS, factsOf, faultOf, type ContextValues } from './contextFacts'
import { caseKey } from './useCase'
import { caseUpdate } from './useCaseForm'
import { caseRead, type Case } from './useCases'
import { useFactText } from './useFactText'

/** What is known of a case beside its pictures, to be changed fact by fact. */
export function useContextForm(found: () => Case) {
    const { t } = useI18n()
    const queries = useQueryClient()
    const factText = useFactText()
    const faults = ref<Record<string, string>>({})
    const form = useVersionedForm<Case, ContextValues>({
        row: found,
        valuesOf: (row) => factsOf((row ?? found()).context),
        reload: ({ id }) => caseRead(id),
        async save(changes, row) {
            const before = row ?? found()
            const context = contextOf({ ...factsOf(before.context), ...changes })
            const saved = await caseUpdate(before, { context })
            queries.setQueryData(caseKey(saved.id), saved)
            void queries.invalidateQueries({ queryKey: ['cases'] })
            return saved
        },
        shown: (name, value) => factText(name, value as ContextValues[typeof name]),
    })

    /** Sends nothing while a fact is half filled in; says so at that fact. */
    async function save(): Promise<Case | null> {
        faults.value = {}
        for (const fact of FACTS) {
            const fault = faultOf(fact, form.values[fact.name])
            if (fault) faults.value[fact.name] = t(`cases.context.${fault}`)
        }
        return Object.keys(faults.value).length ? null : form.save()
    }

    function reset(): void {
        faults.value = {}
        form.reset()
    }

    return { ...form, faults, save, reset }
}
