import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, toValue, watch, type MaybeRefOrGetter } from 'vue'
import { api, data } from '@/api/client'
import type { Schema } from '@/api/types'
import { useSession } from '@/stores/session'
import { caseKey } from './useCase'

const RUNNING_MS = 2_000
const IDLE_MS = 15_000
type Run = Schema<'DetectionRun'> | Schema<'RecognitionRun'>

export function isActive(run: Run): boolean {
    return run.status === 'queued' || run.status === 'running'
}

/** The newest run of each kind. */
async function newestRuns(caseId: number): Promise<Run[]> {
    const params = { path: { case_pk: caseId }, query: { page_size: 1 } }
    const [detections, recognitions] = await Promise.all([
        data(api.GET('/api/v1/cases/{case_pk}/detection-runs', { params })),
        data(api.GET('/api/v1/cases/{case_pk}/recognition-runs', { params })),
    ])
    return [...detections.results, ...recognitions.results]
}

/** The run that works on the case now, if any; when it ends, everything about the case is read anew. */
export function useCaseActivity(caseId: MaybeRefOrGetter<number>) {
    const session = useSession()
    const queries = useQueryClient()
    const { data: runs } = useQuery({
        queryKey: computed(() => ['runs', toValue(caseId), 'newest']),
        queryFn: () => newestRuns(toValue(caseId)),
        refetchInterval: ({ state }) => (state.data?.some(isActive) ? RUNNING_MS : IDLE_MS),
        enabled: () => session.may('analyses.read'),
    })
    const active = computed(() => runs.value?.find(isActive) ?? null)
    watch(
        () => active.value?.id,
        (_, ended) => {
            if (ended) void queries.invalidateQueries({ queryKey: caseKey(toValue(caseId)) })
        },
    )
    return { active }
}
