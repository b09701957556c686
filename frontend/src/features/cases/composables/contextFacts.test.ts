import { expect, test } from 'vitest'
import openapi from '../../../../openapi.json'
import { contextOf, FACTS, factsOf, faultOf, LESIONS, LYMPHOBLAST_SHARES, type Fact } from './contextFacts'
import type { Schema } from '@/api/types'

const { ClinicalContext, Lesion, LymphoblastFeatures } = openapi.components.schemas
const FOUND_BY_THE_WORKSTATION = ['reviewed', 'out_of_distribution']

test('every fact that people may state is on the form once', () => {
    const known = Object.keys(ClinicalContext.properties).filter(
        (name) => !FOUND_BY_THE_WORKSTATION.includes(name),
    )
    expect(FACTS.map(({ name }) => name).sort()).toEqual(known.sort())
    expect([...LESIONS].sort()).toEqual([...Lesion.enum].sort())
    expect([...LYMPHOBLAST_SHARES, 'basophilic_and_vacuolated'].sort()).toEqual(
        [...LymphoblastFeatures.required].sort(),
    )
})

test('no, none found and zero are sent; unknown is not', () => {
    const stated = { auer_rods: false, lesions: [], mpo_or_sbb_percent: 0 }

    const facts = factsOf(stated as unknown as Schema<'ClinicalContext'>)

    expect(facts.dysplasia).toBeNull()
    expect(contextOf(facts)).toEqual(stated)
})

const count: Fact = { name: 'blood_blasts', kind: 'count' }
test.each([
    [null, null],
    [{ count: 5, of: 200 }, null],
    [{ count: 0, of: 200 }, null],
    [{ count: 5, of: null }, 'incomplete'],
    [{ count: 201, of: 200 }, 'tooMany'],
])('the count %j has the fault %j', (value, fault) => {
    expect(faultOf(count, value)).toBe(fault)
})
