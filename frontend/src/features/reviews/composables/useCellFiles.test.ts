import { expect, test } from 'vitest'
import { cellQuery } from './useCellFiles'

test('both days of the range are asked for whole, as days of this place', () => {
    const { updated_from, updated_to } = cellQuery({ updated_from: '2026-11-23', updated_to: '2026-11-24' })

    expect(new Date(updated_from ?? '')).toEqual(new Date(2026, 10, 23))
    expect(new Date(updated_to ?? '')).toEqual(new Date(2026, 10, 25))
})

test.each([
    ['12', 12],
    ['none', 0],
    [undefined, undefined],
])('the patient %j of the address is asked for as %j', (patient, asked) => {
    expect(cellQuery({ patient }).patient).toBe(asked)
})
