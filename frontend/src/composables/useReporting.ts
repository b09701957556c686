import { ElMessage } from 'element-plus'
import { useI18n } from 'vue-i18n'
import { ApiError } from '@/api/errors'

/** Runs what a person asked for and tells the person when it failed. */
export function useReporting() {
    const { t } = useI18n()

    function messageOf(error: unknown): string {
        if (error instanceof ApiError) return error.status === 0 ? t('app.unreachable') : error.message
        return t('app.failed')
    }

    /** True when it worked. What is not an `ApiError` is our own fault and is thrown on after it was shown. */
    async function reporting(action: () => Promise<unknown>): Promise<boolean> {
        try {
            await action()
            return true
        } catch (error) {
            ElMessage.error(messageOf(error))
            if (!(error instanceof ApiError)) throw error
            return false
        }
    }

    return { reporting, messageOf }
}
