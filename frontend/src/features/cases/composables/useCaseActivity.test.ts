import { flushPromises } from '@vue/test-utils'
import { defineComponent } from 'vue'
import { afterEach, expect, test, vi } from 'vitest'
import { useSession } from '@/stores/session'
import { mountInApp } from '@/testing/mounting'
import { serverAnswers } from '@/testing/server'
import { useCase } from './useCase'
import { useCaseActivity } from './useCaseActivity'

afterEach(() => void vi.useRealTimers())

const Page = defineComponent({
    setup() {
        useSession().may = () => true
        const { data } = useCase(7)
        const { active } = useCaseActivity(7)
        return { data, active }
    },
    template: '<p>{{ data?.state }} {{ active?.status }}</p>',
})

test('the state of a case is read anew when its run ends', async () => {
    vi.useFakeTimers()
    let status = 'running'
    serverAnswers({
        'GET /api/v1/cases/7': () => ({ body: { id: 7, state: status === 'done' ? 'analysed' : 'new' } }),
        'GET /api/v1/cases/7/detection-runs': () => ({ body: { results: [{ id: 'a', status }] } }),
        'GET /api/v1/cases/7/recognition-runs': { body: { results: [] } },
    })
    const { wrapper } = await mountInApp(Page)
    await vi.advanceTimersByTimeAsync(100)
    expect(wrapper.text()).toBe('new running')

    status = 'done'
    await vi.advanceTimersByTimeAsync(2_500)
    await flushPromises()

    expect(wrapper.text()).toBe('analysed')
})
