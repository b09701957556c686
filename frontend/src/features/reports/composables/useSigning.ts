import { useQueryClient } from '@tanstack/vue-query'
import { ref } from 'vue'
import { api, data } from '@/api/client'
import { ApiError } from '@/api/errors'
import type { Schema } from '@/api/types'
import { useSubmit } from '@/composables/useSubmit'
import { caseKey } from '@/features/cases/composables/useCase'

/** Signing, amending and reopening the report of one case. */
export function useSigning(caseId: number) {
    const queries = useQueryClient()
    const { isBusy, errors, submit } = useSubmit(['password', 'conclusion', 'reason'])
    /** Something changed after the page had shown it: nothing was signed. */
    const isStale = ref(false)

    async function refresh(): Promise<void> {
        await Promise.all([
            queries.invalidateQueries({ queryKey: caseKey(caseId) }),
            queries.invalidateQueries({ queryKey: ['reports'] }),
        ])
    }

    /** True when it is done; what was shown is read again in any case, also after a refusal. */
    async function change(action: () => Promise<unknown>): Promise<boolean> {
        isStale.value = false
        const isDone = await submit(async () => {
            try {
                await action()
            } catch (error) {
                isStale.value = error instanceof ApiError && error.code === 'stale_version'
                throw error
            }
        })
        if (isDone || isStale.value) await refresh()
        return isDone
    }

    const path = { case_pk: caseId }
    const sign = (body: Schema<'SignInputRequest'>) =>
        change(() => data(api.POST('/api/v1/cases/{case_pk}/sign', { params: { path }, body })))
    const amend = (body: Schema<'AmendInputRequest'>) =>
        change(() => data(api.POST('/api/v1/cases/{case_pk}/amend', { params: { path }, body })))
    const reopen = (reason: string) =>
        change(() => data(api.POST('/api/v1/cases/{case_pk}/reopen', { params: { path }, body: { reason } })))

    return { isBusy, errors, isStale, sign, amend, reopen }
}
