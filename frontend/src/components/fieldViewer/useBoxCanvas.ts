import { onBeforeUnmount, onMounted, type Ref } from 'vue'
import { paint, type Picture } from './painting'
import type { Size, View } from './geometry'

/** Paints the boxes over the picture: at once while it moves, otherwise once in the next frame. */
export function useBoxCanvas(
    canvas: Ref<HTMLCanvasElement | null>,
    view: () => View | undefined,
    picture: () => Picture,
) {
    let frame = 0
    let screen: Size = { width: 0, height: 0 }
    const observer = new ResizeObserver(([entry]) => {
        if (entry) resize(entry.contentRect)
    })

    function resize({ width, height }: Size): void {
        if (!canvas.value) return
        screen = { width, height }
        canvas.value.width = Math.round(width * devicePixelRatio)
        canvas.value.height = Math.round(height * devicePixelRatio)
        repaint()
    }

    function repaint(): void {
        const context = canvas.value?.getContext('2d')
        const shown = view()
        if (!context || !shown) return
        context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0)
        paint(context, shown, screen, picture())
    }

    function repaintSoon(): void {
        cancelAnimationFrame(frame)
        frame = requestAnimationFrame(repaint)
    }

    onMounted(() => canvas.value && observer.observe(canvas.value))
    onBeforeUnmount(() => {
        observer.disconnect()
        cancelAnimationFrame(frame)
    })

    return { repaint, repaintSoon }
}
