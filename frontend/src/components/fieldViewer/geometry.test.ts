import { describe, expect, test } from 'vitest'
import {
    boxBetween,
    cellAt,
    handleAt,
    isLargeEnough,
    movedBox,
    neighbour,
    overlaps,
    resizedBox,
    toField,
    toScreen,
    visiblePart,
    type FieldCell,
    type View,
} from './geometry'

const VIEW: View = { scale: 2, origin: { x: 30, y: -10 } }
const FIELD = { width: 100, height: 80 }
const BOX = { x1: 10, y1: 20, x2: 30, y2: 50 }

function cell(id: number, x1: number, y1: number, x2: number, y2: number): FieldCell {
    return { id, x1, y1, x2, y2, shown_class: 'lymphocyte' }
}

describe('between field and screen', () => {
    test('a point goes to the screen by scale and origin', () => {
        expect(toScreen(VIEW, { x: 10, y: 20 })).toEqual({ x: 50, y: 30 })
    })
    test.each([
        [0, 0],
        [17.5, 63],
        [-4, 200],
    ])('the point %d, %d comes back from the screen unchanged', (x, y) => {
        expect(toField(VIEW, toScreen(VIEW, { x, y }))).toEqual({ x, y })
    })
    test('only boxes that reach into what is shown are kept', () => {
        const part = visiblePart(VIEW, { width: 130, height: 90 }) // x -15 to 50, y 5 to 50
        expect(overlaps(cell(1, 49, 10, 60, 20), part)).toBe(true)
        expect(overlaps(cell(2, 50, 10, 60, 20), part)).toBe(false)
        expect(overlaps(cell(3, 10, 0, 20, 5), part)).toBe(false)
    })
})

describe('under the pointer', () => {
    test('the smallest of several cells is found, in whichever order they come', () => {
        const [large, small] = [cell(1, 0, 0, 50, 50), cell(2, 10, 10, 20, 20)]
        expect(cellAt([large, small], { x: 15, y: 15 })?.id).toBe(2)
        expect(cellAt([small, large], { x: 15, y: 15 })?.id).toBe(2)
        expect(cellAt([large, small], { x: 40, y: 40 })?.id).toBe(1)
    })
    test('nothing is found beside all cells', () => {
        expect(cellAt([cell(1, 0, 0, 5, 5)], { x: 6, y: 2 })).toBeUndefined()
    })
    test('a handle is within reach by pixels of the screen, however far the field is zoomed', () => {
        const corner = toScreen(VIEW, { x: 30, y: 50 })
        expect(handleAt(VIEW, BOX, { x: corner.x + 6, y: corner.y })).toBe('se')
        expect(handleAt(VIEW, BOX, { x: corner.x + 9, y: corner.y })).toBeUndefined()
    })
})

describe('changing a box', () => {
    test('a box is the same whichever corner was pressed first', () => {
        const box = { x1: 5, y1: 6, x2: 20, y2: 30 }
        expect(boxBetween({ x: 5, y: 6 }, { x: 20, y: 30 }, FIELD)).toEqual(box)
        expect(boxBetween({ x: 20, y: 6 }, { x: 5, y: 30 }, FIELD)).toEqual(box)
    })
    test('a box that is drawn over the border ends there', () => {
        expect(boxBetween({ x: -9, y: 70 }, { x: 120, y: 99 }, FIELD)).toEqual({
            x1: 0,
            y1: 70,
            x2: 100,
            y2: 80,
        })
    })
    test('a box that is moved against the border keeps its size', () => {
        expect(movedBox(BOX, { x: 500, y: -500 }, FIELD)).toEqual({ x1: 80, y1: 0, x2: 100, y2: 30 })
    })
    test('a handle changes only its own sides', () => {
        expect(resizedBox(BOX, 'e', { x: 44, y: 3 }, FIELD)).toEqual({ ...BOX, x2: 44 })
        expect(resizedBox(BOX, 'nw', { x: 4, y: 3 }, FIELD)).toEqual({ ...BOX, x1: 4, y1: 3 })
    })
    test('a handle pulled over the other side turns the box round', () => {
        expect(resizedBox(BOX, 'w', { x: 60, y: 0 }, FIELD)).toEqual({ ...BOX, x1: 30, x2: 60 })
    })
    test('a box with a side below the smallest is not enough', () => {
        expect(isLargeEnough({ x1: 0, y1: 0, x2: 40, y2: 3.9 })).toBe(false)
        expect(isLargeEnough({ x1: 0, y1: 0, x2: 4, y2: 4 })).toBe(true)
    })
})

test('next and previous go round at the ends and begin at an end without a selection', () => {
    const cells = [cell(7, 0, 0, 1, 1), cell(8, 0, 0, 1, 1), cell(9, 0, 0, 1, 1)]
    expect(neighbour(cells, 9, 1)?.id).toBe(7)
    expect(neighbour(cells, 7, -1)?.id).toBe(9)
    expect(neighbour(cells, null, 1)?.id).toBe(7)
    expect(neighbour(cells, null, -1)?.id).toBe(9)
    expect(neighbour([], 4, 1)).toBeUndefined()
})
