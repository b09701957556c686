import { expect, test } from 'vitest'
import { groupCells } from './cellGroups'
import { cellsInside, columnsOf, GAP, HEAD_HEIGHT, isInside, neighbour, rowsOf } from './galleryLayout'
import { cellOf } from './testCells'

const SIZE = 100
const groups = groupCells(
    [1, 2, 3, 4, 5].map((id) => cellOf(id, { ambiguity: 1 - id / 10 })),
    { onlyOpen: false, classIds: [] },
)
/** 1 2 3 / 4 5 */
const rows = rowsOf(groups, 3, SIZE)

function rectangle(x1: number, y1: number, x2: number, y2: number) {
    return [
        { x: x1, y: y1 },
        { x: x2, y: y1 },
        { x: x2, y: y2 },
        { x: x1, y: y2 },
    ]
}

test.each([
    [0, 1],
    [SIZE, 1],
    [2 * SIZE + GAP - 1, 1],
    [2 * SIZE + GAP, 2],
    [1000, 9],
])('a width of %i holds %i columns', (width, columns) => {
    expect(columnsOf(width, SIZE)).toBe(columns)
})

test('rows lie below each other without a gap or an overlap', () => {
    rows.slice(1).forEach((row, index) => {
        const above = rows[index]
        expect(row.top).toBe((above?.top ?? 0) + (above?.height ?? 0))
    })
})

test('a point lies inside a hollow outline only where the outline encloses it', () => {
    const horseshoe = [
        { x: 0, y: 0 },
        { x: 30, y: 0 },
        { x: 30, y: 30 },
        { x: 20, y: 30 },
        { x: 20, y: 10 },
        { x: 10, y: 10 },
        { x: 10, y: 30 },
        { x: 0, y: 30 },
    ]
    expect(isInside({ x: 5, y: 20 }, horseshoe)).toBe(true)
    expect(isInside({ x: 15, y: 20 }, horseshoe)).toBe(false)
    expect(isInside({ x: 25, y: 20 }, horseshoe)).toBe(true)
    expect(isInside({ x: 40, y: 20 }, horseshoe)).toBe(false)
})

test('the lasso selects cells whose middle it encloses', () => {
    const aroundSecondAndFifth = rectangle(SIZE + 20, HEAD_HEIGHT, 2 * SIZE, HEAD_HEIGHT + 3 * SIZE)
    expect(cellsInside(rows, SIZE, aroundSecondAndFifth)).toEqual([2, 5])
    expect(cellsInside(rows, SIZE, rectangle(0, HEAD_HEIGHT, SIZE / 3, HEAD_HEIGHT + SIZE))).toEqual([])
})

test.each([
    [1, 'ArrowRight', 2],
    [3, 'ArrowRight', 4],
    [4, 'ArrowLeft', 3],
    [3, 'ArrowDown', 5],
    [5, 'ArrowUp', 2],
    [5, 'Home', 1],
    [1, 'End', 5],
    [1, 'ArrowUp', undefined],
    [5, 'ArrowRight', undefined],
    [null, 'ArrowRight', 1],
])('from cell %s %s leads to %s', (from, key, to) => {
    expect(neighbour(rows, from, key)?.id).toBe(to)
})
