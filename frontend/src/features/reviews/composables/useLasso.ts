import { ref } from 'vue'
import type { Point } from './galleryLayout'

const SHORTEST_PX = 6

/** A line drawn freely around cells: `drawn` gets it, in pixels of the content; `tapped` is called where none was. */
export function useLasso(
    drawn: (outline: Point[], event: PointerEvent) => void,
    tapped: (event: PointerEvent) => void,
) {
    const outline = ref<Point[]>([])

    function pointOf(event: PointerEvent): Point {
        const box = (event.currentTarget as HTMLElement).getBoundingClientRect()
        return { x: event.clientX - box.left, y: event.clientY - box.top }
    }

    function start(event: PointerEvent): void {
        if (event.button !== 0 || (event.target as Element).closest('button')) return
        ;(event.currentTarget as HTMLElement).setPointerCapture(event.pointerId)
        outline.value = [pointOf(event)]
    }

    function move(event: PointerEvent): void {
        if (outline.value.length) outline.value.push(pointOf(event))
    }

    function end(event: PointerEvent): void {
        const line = outline.value
        outline.value = []
        const [first] = line
        if (!first) return
        const isLine = line.some(({ x, y }) => Math.hypot(x - first.x, y - first.y) > SHORTEST_PX)
        if (isLine) drawn(line, event)
        else tapped(event)
    }

    return { outline, start, move, end, cancel: () => (outline.value = []) }
}
