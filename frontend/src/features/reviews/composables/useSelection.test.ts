import { ref } from 'vue'
import { expect, test } from 'vitest'
import { useSelection } from './useSelection'

const PLAIN = { ctrlKey: false, metaKey: false, shiftKey: false }
const CTRL = { ...PLAIN, ctrlKey: true }
const SHIFT = { ...PLAIN, shiftKey: true }

function selectionOf(...ids: number[]) {
    const order = ref(ids)
    return { order, ...useSelection(order) }
}

test('a click selects one cell instead of the others', () => {
    const { click, selected } = selectionOf(1, 2, 3)

    click(1, PLAIN)
    click(3, PLAIN)

    expect(selected.value).toEqual([3])
})

test('ctrl adds a cell and takes it away again', () => {
    const { click, selected } = selectionOf(1, 2, 3)

    click(1, PLAIN)
    click(3, CTRL)
    expect(selected.value).toEqual([1, 3])
    click(1, CTRL)
    expect(selected.value).toEqual([3])
})

test.each([
    [4, [2, 3, 4]],
    [1, [1, 2]],
])('shift selects from the last click to cell %i in the order of the page', (to, expected) => {
    const { click, selected } = selectionOf(1, 2, 3, 4, 5)

    click(2, PLAIN)
    click(to, SHIFT)

    expect(selected.value).toEqual(expected)
})

test('shift again counts from the same cell, with ctrl it keeps what is selected', () => {
    const { click, selected } = selectionOf(1, 2, 3, 4, 5, 6)

    click(1, PLAIN)
    click(3, CTRL)
    click(5, SHIFT)
    expect(selected.value).toEqual([3, 4, 5])
    click(1, CTRL)
    click(2, { ...SHIFT, ctrlKey: true })
    expect(selected.value).toEqual([1, 2, 3, 4, 5])
})

test('where nothing is selected the cell under the mouse counts, and before the focused one', () => {
    const { targets, current, hovered, add } = selectionOf(1, 2, 3)

    expect(targets.value).toEqual([])
    current.value = 1
    expect(targets.value).toEqual([1])
    hovered.value = 2
    expect(targets.value).toEqual([2])
    add([3], false)
    expect(targets.value).toEqual([3])
})

test('cells that left the page are not acted on', () => {
    const { order, add, targets } = selectionOf(1, 2, 3)

    add([1, 2], false)
    order.value = [2, 3]

    expect(targets.value).toEqual([2])
})

test.each([
    [[2], 3],
    [[2, 3], 4],
    [[3, 4], 2],
    [[1, 2, 3, 4], null],
])('when %j leave, the focus goes to %s', (leaving, expected) => {
    const { leave, current, selected, add } = selectionOf(1, 2, 3, 4)
    add(leaving, false)

    leave(leaving)

    expect(current.value).toBe(expected)
    expect(selected.value).toEqual([])
})
