import { useI18n } from 'vue-i18n'
import { ApiError } from '@/api/errors'
import { useReporting } from '@/composables/useReporting'

const CODES = ['credentials', 'captcha', 'approval_pending', 'locked_out', 'throttled'] as const

/** Why somebody may not come in, in the language of the page and with what to do about it. */
export function useRefusal() {
    const { t } = useI18n()
    const { messageOf } = useReporting()

    function refusalOf(error: unknown): string {
        const code = error instanceof ApiError && CODES.find((one) => one === error.code)
        return code ? t(`accounts.refusals.${code}`) : messageOf(error)
    }

    return { refusalOf }
}
