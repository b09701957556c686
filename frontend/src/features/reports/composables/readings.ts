import type { Schema } from '@/api/types'
import type { AnalysisAnswer } from './useAnalysis'

/** What one classification says of the case: in words, and as the server computed it. */
export interface Reading {
    words: Schema<'WordedSuggestion'>
    suggestion: Schema<'Suggestion'>
}

/** FAB, WHO 2022 and ICC 2022: the order in which the server words them. */
export function readingsOf({ analysis, words }: AnalysisAnswer): Reading[] {
    const { fab, who2022, icc2022 } = analysis.suggestions
    return [fab, who2022, icc2022].flatMap((suggestion, index) => {
        const worded = words.systems[index]
        return worded ? [{ words: worded, suggestion }] : []
    })
}

/** A classification in which the interval of a share crosses a deciding cut-off. */
export interface Straddled {
    title: string
    /** so many more cells would settle it; null: counting cannot */
    moreCells: number | null
}

export function straddledOf(answer: AnalysisAnswer): Straddled[] {
    return readingsOf(answer)
        .filter(({ suggestion }) => suggestion.straddles.length > 0)
        .map(({ words, suggestion }) => ({ title: words.title, moreCells: suggestion.more_cells }))
}
