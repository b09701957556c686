import type { Schema } from '@/api/types'

export const STATES = [
    'new',
    'analysed',
    'in_review',
    'signed',
    'amended',
] as const satisfies Schema<'CaseState'>[]
export const SPECIMENS = ['bone-marrow', 'peripheral-blood'] as const satisfies Schema<'Specimen'>[]
export const STAINS = [
    'wright-giemsa',
    'wright',
    'may-grunwald-giemsa',
    'giemsa',
    'leishman',
    'other',
] as const satisfies Schema<'Stain'>[]

/** Units are written alike in both languages. */
export const BLOOD_COUNT = [
    { name: 'wbc_e9_per_l', unit: '×10⁹/L' },
    { name: 'haemoglobin_g_per_l', unit: 'g/L' },
    { name: 'platelets_e9_per_l', unit: '×10⁹/L' },
] as const
