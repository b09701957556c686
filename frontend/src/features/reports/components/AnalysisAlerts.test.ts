import { expect, test } from 'vitest'
import type { Schema } from '@/api/types'
import { mountInApp } from '@/testing/mounting'
import type { AnalysisAnswer } from '../composables/useAnalysis'
import AnalysisAlerts from './AnalysisAlerts.vue'

function answer(straddles: unknown[], more_cells: number | null): AnalysisAnswer {
    const quiet = { straddles: [], more_cells: null }
    return {
        words: { urgent: null, systems: ['FAB', 'WHO 2022', 'ICC 2022'].map((title) => ({ title })) },
        analysis: {
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
