import type { Schema } from '@/api/types'

type Context = Schema<'ClinicalContextRequest'>
/** What people state; the others are found by the workstation itself. */
export type FactName = Exclude<keyof Context, 'reviewed' | 'out_of_distribution'>
export type Lesion = Schema<'Lesion'>
type Drafted<T> = { [Name in keyof T]: T[Name] | null }
/** While somebody types, parts of these may still be missing. */
export type CountDraft = Drafted<Schema<'CountOf'>>
export type LymphoblastDraft = Drafted<Schema<'LymphoblastFeatures'>>
export type FactValue = boolean | number | CountDraft | Lesion[] | LymphoblastDraft | null
export type ContextValues = Record<FactName, FactValue>

export type Fact = { name: FactName } & (
    { kind: 'answer' | 'count' | 'lesions' | 'lymphoblasts' } | { kind: 'number'; unit: string; max?: number }
)
const answer = (name: FactName): Fact => ({ name, kind: 'answer' })
const percent = (name: FactName): Fact => ({ name, kind: 'number', unit: '%', max: 100 })

/** In the order in which a case becomes known: the specimen, what is seen, what the other laboratories find. */
export const CONTEXT_GROUPS: { id: string; facts: Fact[] }[] = [
    {
        id: 'history',
        facts: [
            answer('cytopenia'),
            answer('prior_cytotoxic_therapy'),
            answer('hemodilute'),
            answer('fibrosis'),
        ],
    },
    {
        id: 'morphology',
        facts: [
            answer('auer_rods'),
            answer('apl_morphology'),
            answer('dysplasia'),
            { name: 'ring_sideroblasts', kind: 'count' },
        ],
    },
    {
        id: 'blood',
        facts: [
            { name: 'blood_blasts', kind: 'count' },
            { name: 'blood_monocytes_e9_per_l', kind: 'number', unit: '×10⁹/L' },
        ],
    },
    {
        id: 'cytochemistry',
        facts: [
            percent('mpo_or_sbb_percent'),
            percent('nonspecific_esterase_percent'),
            { name: 'lysozyme_times_normal', kind: 'number', unit: '×' },
        ],
    },
    {
        id: 'flow',
        facts: [percent('myeloid_antigen_percent'), answer('lymphoid_markers'), answer('platelet_markers')],
    },
    { id: 'genetics', facts: [{ name: 'lesions', kind: 'lesions' }] },
    { id: 'lymphoblasts', facts: [{ name: 'lymphoblasts', kind: 'lymphoblasts' }] },
]
export const FACTS = CONTEXT_GROUPS.flatMap(({ facts }) => facts)

/** Written alike in both languages; -r: rearranged. */
export const LESIONS = [
    'PML::RARA',
    'RUNX1::RUNX1T1',
    'CBFB::MYH11',
    'DEK::NUP214',
    'RBM15::MRTFA',
    'BCR::ABL1',
    'KMT2A-r',
    'MECOM-r',
    'NUP98-r',
    'NPM1',
    'CEBPA',
    'TP53',
    'TP53-multi-hit',
    'SF3B1',
    'del(5q)',
] as const satisfies Lesion[]

export const LYMPHOBLAST_SHARES = [
    'high_nc_ratio',
    'low_nc_ratio',
    'small_or_no_nucleoli',
    'prominent_nucleoli',
    'irregular_membrane',
    'large_cells',
] as const satisfies (keyof LymphoblastDraft)[]

/** Every fact of a case, null where nobody has stated it. */
export function factsOf(context: Schema<'ClinicalContext'>): ContextValues {
    return Object.fromEntries(FACTS.map(({ name }) => [name, context[name] ?? null])) as ContextValues
}

/** The stated ones, as the server takes them. */
export function contextOf(values: ContextValues): Context {
    return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null)) as Context
}

/** Why a fact cannot be saved yet, as a key of the texts; null where nothing is wrong with it. */
export function faultOf({ kind }: Fact, value: FactValue): 'incomplete' | 'tooMany' | null {
    if (value === null || (kind !== 'count' && kind !== 'lymphoblasts')) return null
    if (Object.values(value).some((part) => part === null)) return 'incomplete'
    const { count, of } = value as Schema<'CountOf'>
    return kind === 'count' && count > of ? 'tooMany' : null
}
