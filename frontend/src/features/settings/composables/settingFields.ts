import type { Schema } from '@/api/types'

export type LabSettings = Required<Schema<'LabSettings'>>
export type SettingName = Exclude<keyof LabSettings, 'version' | 'created_at' | 'updated_at'>

/** How a setting is typed in; numbers with what the server takes. */
export type SettingInput =
    | { kind: 'text'; maxLength: number }
    | { kind: 'number'; min: number; max: number; step: number; precision: number; unit?: string }
    | { kind: 'choice'; options: readonly (string | number)[] }
    | { kind: 'switch' }

const PERCENT: SettingInput = { kind: 'number', min: 0, max: 100, step: 1, precision: 1, unit: '%' }
const CELLS: SettingInput = { kind: 'number', min: 0, max: 100_000, step: 50, precision: 0 }
const M4: SettingInput = { kind: 'choice', options: [20, 30] }
const SWITCH: SettingInput = { kind: 'switch' }

/** Every setting once, in the order of the page. */
export const SETTING_GROUPS: Record<string, Partial<Record<SettingName, SettingInput>>> = {
    report: {
        laboratory: { kind: 'text', maxLength: 200 },
        max_unidentified_percent: PERCENT,
        max_unreviewed_percent: PERCENT,
    },
    counting: {
        min_cells_blood: CELLS,
        recommended_cells_blood: CELLS,
        min_cells_marrow: CELLS,
        confidence: { kind: 'number', min: 0.5, max: 0.999, step: 0.01, precision: 3 },
        nec_mode: { kind: 'choice', options: ['erythroid_only', 'strict'] },
        me_includes_blasts: SWITCH,
        me_includes_monocytes: SWITCH,
        smudge_as_lymphocytes: SWITCH,
    },
    classification: {
        withhold_when_straddling: SWITCH,
        m3_numerator: { kind: 'choice', options: ['blasts_and_abnormal', 'abnormal_only'] },
        m4_granulocytic_percent: M4,
        m4_monocytic_percent: M4,
        raeb_t_at_20: SWITCH,
    },
}
