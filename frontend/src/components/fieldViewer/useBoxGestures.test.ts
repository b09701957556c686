import { beforeEach, expect, test, vi } from 'vitest'
import { useBoxGestures } from './useBoxGestures'

const FIELD = { width: 200, height: 200 }
const CELL = { id: 5, x1: 40, y1: 40, x2: 80, y2: 80, shown_class: 'lymphocyte' }
const drawn = vi.fn()
const changed = vi.fn()

function gesturesWith(selected: typeof CELL | undefined) {
    return useBoxGestures({
        view: () => ({ scale: 1, origin: { x: 0, y: 0 } }),
        field: () => FIELD,
        selected: () => selected,
        drawn,
        changed,
    })
}

beforeEach(() => vi.clearAllMocks())

test('a press pans the picture when nothing is selected and nothing is drawn', () => {
    const gestures = gesturesWith(undefined)
    expect(gestures.press({ x: 50, y: 50 })).toBe(false)
    expect(gestures.drag({ x: 60, y: 60 })).toBe(false)
})

test('a drag inside the selected cell moves it', () => {
    const gestures = gesturesWith(CELL)
    gestures.press({ x: 60, y: 60 })
    gestures.drag({ x: 70, y: 55 })
    expect(gestures.draft.value).toEqual({ x1: 50, y1: 35, x2: 90, y2: 75 })
    expect(gestures.release()).toBe(true)
    expect(changed).toHaveBeenCalledExactlyOnceWith(CELL, { x1: 50, y1: 35, x2: 90, y2: 75 })
    expect(gestures.draft.value).toBeUndefined()
})

test('a drag at a corner of the selected cell resizes it', () => {
    const gestures = gesturesWith(CELL)
    gestures.press({ x: 80, y: 80 })
    gestures.drag({ x: 100, y: 90 })
    gestures.release()
    expect(changed).toHaveBeenCalledExactlyOnceWith(CELL, { x1: 40, y1: 40, x2: 100, y2: 90 })
})

test('a click inside the selected cell is a click, though the hand moved a little', () => {
    const gestures = gesturesWith(CELL)
    gestures.press({ x: 60, y: 60 })
    gestures.drag({ x: 61, y: 61 })
    expect(gestures.release()).toBe(false)
    expect(changed).not.toHaveBeenCalled()
})

test('drawing makes a box even where it begins in the selected cell', () => {
    const gestures = gesturesWith(CELL)
    gestures.isDrawing.value = true
    gestures.press({ x: 60, y: 60 })
    gestures.drag({ x: 100, y: 120 })
    gestures.release()
    expect(drawn).toHaveBeenCalledExactlyOnceWith({ x1: 60, y1: 60, x2: 100, y2: 120 })
    expect(changed).not.toHaveBeenCalled()
})

test('a box too small for the server is not sent', () => {
    const gestures = gesturesWith(undefined)
    gestures.isDrawing.value = true
    gestures.press({ x: 60, y: 60 })
    gestures.drag({ x: 63, y: 160 })
    expect(gestures.release()).toBe(true)
    expect(drawn).not.toHaveBeenCalled()
})

test('an abandoned gesture changes nothing', () => {
    const gestures = gesturesWith(CELL)
    gestures.press({ x: 60, y: 60 })
    gestures.drag({ x: 90, y: 90 })
    gestures.abandon()
    expect(gestures.release()).toBe(false)
    expect(changed).not.toHaveBeenCalled()
})
