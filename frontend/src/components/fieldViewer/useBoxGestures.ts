import { ref, shallowRef } from 'vue'
import {
    boxBetween,
    contains,
    handleAt,
    isLargeEnough,
    movedBox,
    resizedBox,
    toField,
    type Box,
    type FieldCell,
    type Handle,
    type Point,
    type Size,
    type View,
} from './geometry'

const SLACK_PX = 3 // a hand that clicks moves as much

type Gesture =
    | { kind: 'draw'; from: Point }
    | { kind: 'move'; from: Point; cell: FieldCell }
    | { kind: 'resize'; from: Point; cell: FieldCell; handle: Handle }

interface Surroundings {
    view: () => View | undefined
    field: () => Size
    selected: () => FieldCell | undefined
    drawn: (box: Box) => void
    changed: (cell: FieldCell, box: Box) => void
}

/** Drawing, moving and resizing one box with the pointer; places are on the screen, boxes in the field. */
export function useBoxGestures(around: Surroundings) {
    const isDrawing = ref(false)
    const draft = shallowRef<Box>()
    let gesture: Gesture | undefined

    /** True when the press belongs to a box; otherwise the picture is panned. */
    function press(place: Point): boolean {
        gesture = gestureAt(place)
        return gesture !== undefined
    }

    function gestureAt(place: Point): Gesture | undefined {
        const view = around.view()
        if (!view) return undefined
        if (isDrawing.value) return { kind: 'draw', from: place }
        const cell = around.selected()
        if (!cell) return undefined
        const handle = handleAt(view, cell, place)
        if (handle) return { kind: 'resize', from: place, cell, handle }
        return contains(cell, toField(view, place)) ? { kind: 'move', from: place, cell } : undefined
    }

    /** True while a box follows the pointer. */
    function drag(place: Point): boolean {
        const view = around.view()
        if (!gesture || !view) return false
        const far = Math.hypot(place.x - gesture.from.x, place.y - gesture.from.y)
        if (far >= SLACK_PX || draft.value) draft.value = boxOf(gesture, view, place)
        return true
    }

    function boxOf(current: Gesture, view: View, place: Point): Box {
        const from = toField(view, current.from)
        const to = toField(view, place)
        if (current.kind === 'draw') return boxBetween(from, to, around.field())
        if (current.kind === 'resize') return resizedBox(current.cell, current.handle, to, around.field())
        return movedBox(current.cell, { x: to.x - from.x, y: to.y - from.y }, around.field())
    }

    /** Ends the gesture; false when the pointer did not move, so that it was a click. */
    function release(): boolean {
        const [done, box] = [gesture, draft.value]
        abandon()
        if (!done || !box) return false
        if (!isLargeEnough(box)) return true
        if (done.kind === 'draw') around.drawn(box)
        else around.changed(done.cell, box)
        return true
    }

    function abandon(): void {
        gesture = undefined
        draft.value = undefined
    }

    function isActive(): boolean {
        return gesture !== undefined
    }

    return { isDrawing, draft, press, drag, release, abandon, isActive }
}
