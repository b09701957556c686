import { ref } from 'vue'
import { ApiError } from '@/api/errors'
import { useSubmit } from '@/composables/useSubmit'
import { caseAmend, caseSign, type Report } from './useReports'

interface Signature {
    password: string
    fingerprint: string
    conclusion: string
    /** of an amendment; null signs the first report */
    reason: string | null
}

const LOOK_AGAIN = new Set(['stale_version', 'signing_refused', 'conflict'])

/** Signing what was shown. `refusal`: what was shown is no longer so, and has to be looked at again. */
export function useSigning(caseId: number) {
    const { isBusy, errors, submit } = useSubmit(['password', 'reason', 'conclusion'])
    const refusal = ref<ApiError | null>(null)

    async function attempt({ reason, ...signature }: Signature): Promise<Report | null> {
        try {
            return await (reason === null
                ? caseSign(caseId, signature)
                : caseAmend(caseId, { ...signature, reason }))
        } catch (error) {
            if (!(error instanceof ApiError) || !LOOK_AGAIN.has(error.code)) throw error
            refusal.value = error
            return null
        }
    }

    /** The signed report; null where the server refused. */
    async function sign(signature: Signature): Promise<Report | null> {
        refusal.value = null
        let signed: Report | null = null
        await submit(async () => {
            signed = await attempt(signature)
        })
        return signed
    }

    return { isBusy, errors, refusal, sign }
}
