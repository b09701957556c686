import { expect, test } from 'vitest'
import type { Schema } from '@/api/types'
import { readingsOf, straddledOf } from './readings'
import type { AnalysisAnswer } from './useAnalysis'

const STRADDLE = { quantity: 'blasts_of_anc', count: 20, of: 100 } as Schema<'Straddle'>

function suggestion(straddles: Schema<'Straddle'>[], more_cells: number | null): Schema<'Suggestion'> {
    return { straddles, more_cells, missing: [] } as unknown as Schema<'Suggestion'>
}

function answer(...[fab, who2022, icc2022]: Schema<'Suggestion'>[]): AnalysisAnswer {
    const systems = ['FAB', 'WHO 2022', 'ICC 2022'].map((title) => ({
        title,
        verdict: '',
        lines: [],
        trace: [],
    }))
    return {
        analysis: { suggestions: { fab, who2022, icc2022 } },
        words: { systems },
    } as unknown as AnalysisAnswer
}

test('each classification is paired with its own words', () => {
    const [fab, who, icc] = [suggestion([], null), suggestion([], 1), suggestion([], 2)]

    expect(readingsOf(answer(fab, who, icc)).map((one) => [one.words.title, one.suggestion])).toEqual([
        ['FAB', fab],
        ['WHO 2022', who],
        ['ICC 2022', icc],
    ])
})

test('what counting can settle and what it cannot are told apart', () => {
    const shown = answer(suggestion([STRADDLE], 62), suggestion([STRADDLE], null), suggestion([], null))

    expect(straddledOf(shown)).toEqual([
        { title: 'FAB', moreCells: 62 },
        { title: 'WHO 2022', moreCells: null },
    ])
})

test('a classification whose intervals cross nothing is not named, however many cells it lacks', () => {
    expect(straddledOf(answer(suggestion([], 5), suggestion([], null), suggestion([], null)))).toEqual([])
})
