import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, toValue, watch, type MaybeRefOrGetter } from 'vue'
import { api, data } from '@/api/client'
import type { Schema } from '@/api/types'
import { caseKey } from '@/features/cases/composables/useCase'

export type RunTask = 'detection' | 'recognition'
export type Run = (Schema<'DetectionRun'> | Schema<'RecognitionRun'>) & { task: RunTask }

const POLL_MS = 1500
const SHOWN_RUNS = 5

export function isActive(run: Run): boolean {
    return run.status === 'queued' || run.status === 'running'
}

/** How often runs are asked for: only while one is not finished. */
export function pollInterval(runs: readonly Run[] | undefined): number | false {
    return runs?.some(isActive) ? POLL_MS : false
}

/** 0 to 100; undefined while the worker does not know how much there is. */
export function percentDone(run: Run): number | undefined {
    if (run.status === 'done') return 100
    return run.progress_total ? Math.floor((100 * run.progress_done) / run.progress_total) : undefined
}

/** Newest first. */
async function loadRuns(caseId: number): Promise<Run[]> {
    const where = { params: { path: { case_pk: caseId }, query: { page_size: SHOWN_RUNS } } }
    const [detections, recognitions] = await Promise.all([
        data(api.GET('/api/v1/cases/{case_pk}/detection-runs', where)),
        data(api.GET('/api/v1/cases/{case_pk}/recognition-runs', where)),
    ])
    return [
        ...detections.results.map((run) => ({ ...run, task: 'detection' as const })),
        ...recognitions.results.map((run) => ({ ...run, task: 'recognition' as const })),
    ].sort((a, b) => b.created_at.localeCompare(a.created_at))
}

/** The last runs of a case, followed until they are finished; what they write is read again as it comes. */
export function useRuns(caseId: MaybeRefOrGetter<number>) {
    const queries = useQueryClient()
    const key = computed(() => ['runs', toValue(caseId)])
    const query = useQuery({
        queryKey: key,
        queryFn: () => loadRuns(toValue(caseId)),
        refetchInterval: (current) => pollInterval(current.state.data),
    })
    const progress = computed(() =>
        (query.data.value ?? []).map((run) => `${run.id} ${run.status} ${run.progress_done}`).join(),
    )
    watch(progress, (now, before) => {
        if (!before || now === before) return
        for (const queryKey of [['fields'], ['cells'], caseKey(toValue(caseId))]) {
            void queries.invalidateQueries({ queryKey })
        }
    })

    async function startDetection(body: Schema<'DetectionRunInputRequest'>): Promise<void> {
        await api.POST('/api/v1/cases/{case_pk}/detection-runs', {
            params: { path: { case_pk: toValue(caseId) } },
            body,
        })
        await queries.invalidateQueries({ queryKey: key.value })
    }

    async function startRecognition(body: Schema<'RecognitionRunInputRequest'>): Promise<void> {
        await api.POST('/api/v1/cases/{case_pk}/recognition-runs', {
            params: { path: { case_pk: toValue(caseId) } },
            body,
        })
        await queries.invalidateQueries({ queryKey: key.value })
    }

    async function cancel(run: Run): Promise<void> {
        await api.POST(`/api/v1/${run.task}-runs/{id}/cancel`, { params: { path: { id: run.id } } })
        await queries.invalidateQueries({ queryKey: key.value })
    }

    return { ...query, startDetection, startRecognition, cancel }
}
