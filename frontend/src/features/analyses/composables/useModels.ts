import { useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import { api, data } from '@/api/client'
import type { Schema } from '@/api/types'
import { useSession } from '@/stores/session'

/** The bundles that can be chosen for a run, and the active ones; nothing for those who may not see models. */
export function useModels() {
    const session = useSession()
    const enabled = computed(() => session.may('catalogue.read'))
    const bundles = useQuery({
        queryKey: ['bundles'],
        queryFn: () => data(api.GET('/api/v1/bundles')),
        enabled,
    })
    const active = useQuery({
        queryKey: ['active-models'],
        queryFn: () => data(api.GET('/api/v1/active-models')),
        enabled,
    })

    function usable(task: Schema<'ModelTask'>): Schema<'Bundle'>[] {
        return (bundles.data.value ?? []).filter((bundle) => bundle.task === task && !bundle.problem)
    }

    function activeName(task: Schema<'ModelTask'>, specimen: Schema<'Specimen'> | undefined): string {
        const row = active.data.value?.find((model) => model.task === task && model.specimen === specimen)
        return row?.bundle ?? ''
    }

    return { usable, activeName }
}
