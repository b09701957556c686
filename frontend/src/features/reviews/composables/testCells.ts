import type { Cell } from './reviewApi'

/** A cell as the server sends it: named by the model, looked at by nobody. For tests. */
export function cellOf(id: number, values: Partial<Cell> = {}): Cell {
    const modelClass = values.model_class ?? 'monocyte'
    return {
        id,
        case: 1,
        field: 1,
        origin: 'model',
        x1: 10,
        y1: 10,
        x2: 40,
        y2: 40,
        detector_score: 0.9,
        model_class: modelClass,
        model_score: 0.8,
        runner_up: 'lymphocyte',
        model_probabilities: { [modelClass]: 0.8, lymphocyte: 0.2 },
        is_unidentified: false,
        ambiguity: 0.4,
        reader_class: null,
        is_confirmed: false,
        verified_by: null,
        verified_at: null,
        is_deleted: false,
        shown_class: modelClass,
        version: 1,
        changed_sequence: 0,
        created_at: '2026-11-24T08:00:00Z',
        updated_at: '2026-11-24T08:00:00Z',
        ...values,
    }
}
