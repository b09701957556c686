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
        if (!code) return messageOf(error)
        const minutes = Math.ceil(Number(error.detail.seconds ?? 0) / 60)
        return t(`accounts.refusals.${code}`, { minutes }, minutes)
    }

    return { refusalOf }
}
