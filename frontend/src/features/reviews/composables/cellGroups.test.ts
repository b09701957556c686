import { expect, test } from 'vitest'
import { groupCells } from './cellGroups'
import { cellOf } from './testCells'

const ALL = { onlyOpen: false, classIds: [] }
const cells = [
    cellOf(1, { ambiguity: 0.2 }),
    cellOf(2, { ambiguity: 0.7, is_confirmed: true }),
    cellOf(3, { model_class: 'myeloblast' }),
    cellOf(4, { shown_class: 'unidentified' }),
    cellOf(5, { ambiguity: 0.7 }),
]

test('Unidentified comes first, the classes follow in the order of the table', () => {
    expect(groupCells(cells, ALL).map((group) => group.classId)).toEqual([
        'unidentified',
        'myeloblast',
        'monocyte',
    ])
})

test('the most ambiguous cell of a group comes first, equal ones stay in the order of their numbers', () => {
    expect(
        groupCells(cells, ALL)
            .at(-1)
            ?.cells.map(({ id }) => id),
    ).toEqual([2, 5, 1])
})

test('confirmed cells can be hidden and still count in the head of their group', () => {
    const monocytes = groupCells(cells, { ...ALL, onlyOpen: true }).at(-1)

    expect(monocytes?.cells.map(({ id }) => id)).toEqual([5, 1])
    expect(monocytes).toMatchObject({ total: 3, confirmed: 1 })
})

test('only the classes asked for are shown', () => {
    const found = groupCells(cells, { ...ALL, classIds: ['myeloblast', 'basophil'] })

    expect(found.map((group) => group.classId)).toEqual(['myeloblast'])
})
