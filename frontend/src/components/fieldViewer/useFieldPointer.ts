import type { Ref } from 'vue'
import type { Point } from './geometry'
import type { useBoxGestures } from './useBoxGestures'

interface Reactions {
    clicked: (place: Point) => void
    hovered: (place: Point) => void
}

/**
 * Pointer events of the stage, caught before the picture sees them: those that belong to a box stop here, the others
 * go on and pan.
 */
export function useFieldPointer(
    stage: Ref<HTMLElement | null>,
    gestures: ReturnType<typeof useBoxGestures>,
    reactions: Reactions,
) {
    function placeOf(event: PointerEvent): Point {
        const frame = stage.value?.getBoundingClientRect()
        return { x: event.clientX - (frame?.left ?? 0), y: event.clientY - (frame?.top ?? 0) }
    }

    function onPress(event: PointerEvent): void {
        stage.value?.focus({ preventScroll: true })
        if (event.button !== 0 || !gestures.press(placeOf(event))) return
        event.stopPropagation()
        stage.value?.setPointerCapture(event.pointerId)
    }

    function onMove(event: PointerEvent): void {
        if (gestures.drag(placeOf(event))) event.stopPropagation()
        else if (event.buttons === 0) reactions.hovered(placeOf(event))
    }

    function onRelease(event: PointerEvent): void {
        if (!gestures.isActive()) return
        event.stopPropagation()
        if (!gestures.release()) reactions.clicked(placeOf(event))
    }

    return { onPress, onMove, onRelease }
}
