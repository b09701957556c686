import { expect, test } from 'vitest'
import type { Schema } from '@/api/types'
import { mountInApp } from '@/testing/mounting'
import type { AnalysisAnswer } from '../composables/useAnalysis'
import AnalysisAlerts from './AnalysisAlerts.vue'

function answer(straddles: unknown[], more_cells: number | null, examined = 5): AnalysisAnswer {
    const quiet = { straddles: [], more_cells: null }
    return {
        words: { urgent: null, systems: ['FAB', 'WHO 2022', 'ICC 2022'].map((title) => ({ title })) },
        analysis: {
            fields: { given: 5, examined, failed: 0 },
            differential: { warnings: [] as Schema<'CountWarning'>[] },
            suggestions: {
                counted_cells: 100,
                required_cells: 200,
                settings: { counting: { recommended_cells_blood: 500 } },
                fab: { straddles, more_cells },
                who2022: quiet,
                icc2022: quiet,
            },
        },
    } as unknown as AnalysisAnswer
}

test('an interval that counting cannot settle is told, and no number is promised', async () => {
    const { wrapper } = await mountInApp(AnalysisAlerts, { props: { answer: answer([{}], null) } })

    expect(wrapper.text()).toContain('FAB: counting more cells cannot settle it')
    expect(wrapper.text()).not.toMatch(/count \d+ more/)
})

test('where counting helps, the number of cells is told', async () => {
    const { wrapper } = await mountInApp(AnalysisAlerts, { props: { answer: answer([{}], 62) } })

    expect(wrapper.text()).toContain('FAB: count 62 more cells to settle it')
})

test('nothing is told where no interval crosses a cut-off', async () => {
    const { wrapper } = await mountInApp(AnalysisAlerts, { props: { answer: answer([], null) } })

    expect(wrapper.text()).toBe('')
})

test('fields that no run has come to are told', async () => {
    const { wrapper } = await mountInApp(AnalysisAlerts, { props: { answer: answer([], null, 3) } })

    expect(wrapper.text()).toBe('2 of 5 images have not been examined; nothing of them is counted.')
})
