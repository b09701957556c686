import { useI18n } from 'vue-i18n'
import { ElMessage } from 'element-plus'
import { useQueryClient } from '@tanstack/vue-query'
import { useConfirm } from '@/composables/useConfirm'
import { useReporting } from '@/composables/useReporting'
import { caseKey } from './useCase'
import { caseDelete, type Case } from './useCases'

/** Deleting a case after asking; the server refuses once it was analysed. */
export function useCaseRemoval() {
    const { t } = useI18n()
    const { confirmed } = useConfirm()
    const { reporting } = useReporting()
    const queries = useQueryClient()

    /** `leave` takes the person away from a page that shows it. */
    async function remove(found: Case, leave: () => Promise<unknown> = async () => {}): Promise<void> {
        const question = t('cases.deleteQuestion', { number: found.number })
        if (!(await confirmed(t('cases.delete'), question, t('app.delete')))) return
        if (!(await reporting(() => caseDelete(found.id)))) return
        ElMessage.success(t('cases.deleted', { number: found.number }))
        await leave()
        queries.removeQueries({ queryKey: caseKey(found.id) })
        await queries.invalidateQueries({ queryKey: ['cases'] })
    }

    return { remove }
}
