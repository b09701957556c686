import OpenSeadragon from 'openseadragon'
import { onBeforeUnmount, onMounted, ref, watch, type Ref } from 'vue'
import type { Box, Point, Size, View } from './geometry'

const ZOOM_STEP = 1.5
const PAN_STEP = 0.15 // of what is shown
const FOCUS_SHARE = 6 // a cell that is gone to fills a sixth of the screen

interface Field extends Size {
    fieldId: number
}
interface Reactions {
    /** in every frame in which zoom or place changed */
    moved: () => void
    /** a field was opened for the first time in this viewer */
    opened: () => void
    clicked: (place: Point) => void
}

/** The zoomable picture of a field. Zoom and place stay when another field is opened. */
export function useFieldImage(host: Ref<HTMLElement | null>, field: () => Field, reactions: Reactions) {
    const state = ref<'loading' | 'ready' | 'failed'>('loading')
    let viewer: OpenSeadragon.Viewer | undefined
    let hasOpened = false

    function open(): void {
        state.value = 'loading'
        viewer?.open({ tileSource: { type: 'image', url: `/api/v1/fields/${field().fieldId}/image` } })
    }

    function onOpen(): void {
        state.value = 'ready'
        if (!hasOpened) {
            hasOpened = true
            viewer?.viewport.goHome(true)
            reactions.opened()
        }
        reactions.moved()
    }

    onMounted(() => {
        viewer = OpenSeadragon({
            element: host.value ?? undefined,
            drawer: 'canvas',
            showNavigationControl: false,
            preserveViewport: true,
            visibilityRatio: 0.3,
            minZoomImageRatio: 0.7,
            maxZoomPixelRatio: 12,
            animationTime: 0.3,
            gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: false },
            gestureSettingsTouch: { clickToZoom: false, dblClickToZoom: false },
        })
        // The frame around it has the focus and the keys; this would take it with a click, and scroll the page for it.
        viewer.canvas.removeAttribute('tabindex')
        viewer.addHandler('open', onOpen)
        viewer.addHandler('open-failed', () => (state.value = 'failed'))
        viewer.addHandler('update-viewport', reactions.moved)
        viewer.addHandler('resize', reactions.moved)
        viewer.addHandler('canvas-click', (event) => {
            if (event.quick) reactions.clicked(event.position)
        })
        viewer.addHandler('canvas-key', (event) => (event.preventDefaultAction = true))
        open()
    })
    onBeforeUnmount(() => viewer?.destroy())
    watch(() => field().fieldId, open)

    /** Where the field lies on the screen; undefined before the first one is open. */
    function view(): View | undefined {
        if (!viewer || !hasOpened) return undefined
        const { viewport } = viewer
        const origin = viewport.pixelFromPoint(new OpenSeadragon.Point(0, 0), true)
        return {
            // The image is made smaller when the field is huge: viewport units (width = 1) hold for both.
            scale: (viewport.getContainerSize().x * viewport.getZoom(true)) / field().width,
            origin: { x: origin.x, y: origin.y },
        }
    }

    function zoom(direction: 1 | -1): void {
        viewer?.viewport.zoomBy(ZOOM_STEP ** direction).applyConstraints()
    }

    function pan(x: number, y: number): void {
        if (!viewer) return
        const { width, height } = viewer.viewport.getBounds()
        const step = new OpenSeadragon.Point(x * width * PAN_STEP, y * height * PAN_STEP)
        viewer.viewport.panBy(step).applyConstraints()
    }

    function fit(): void {
        viewer?.viewport.goHome()
    }

    /** Brings a box into sight: only what is outside moves the picture. `close` also zooms to it. */
    function show(box: Box, close = false): void {
        if (!viewer || !hasOpened) return
        const { viewport } = viewer
        const unit = field().width
        const rect = new OpenSeadragon.Rect(
            box.x1 / unit,
            box.y1 / unit,
            (box.x2 - box.x1) / unit,
            (box.y2 - box.y1) / unit,
        )
        const shown = viewport.getBounds()
        const isInside =
            rect.x >= shown.x &&
            rect.y >= shown.y &&
            rect.x + rect.width <= shown.x + shown.width &&
            rect.y + rect.height <= shown.y + shown.height
        if (close) viewport.zoomTo(1 / (Math.max(rect.width, rect.height) * FOCUS_SHARE), undefined, true)
        if (close || !isInside) viewport.panTo(rect.getCenter(), close)
    }

    return { state, view, zoom, pan, fit, show, open }
}
