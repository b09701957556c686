import { cellClass } from '@/taxonomy'
import {
    handlesOf,
    overlaps,
    toScreen,
    visiblePart,
    type Box,
    type FieldCell,
    type Size,
    type View,
} from './geometry'

const HANDLE_PX = 7
const LABEL_FONT = '12px sans-serif'

export interface Picture {
    /** cells by class: each class is stroked once */
    groups: ReadonlyMap<string, readonly FieldCell[]>
    /** the selected cell, or the box that is being drawn or changed */
    selected?: Box & { label?: string; hasHandles: boolean }
    hovered?: FieldCell & { label: string }
}

export function groupByClass(cells: readonly FieldCell[]): Map<string, FieldCell[]> {
    const groups = new Map<string, FieldCell[]>()
    for (const cell of cells) {
        const group = groups.get(cell.shown_class)
        if (group) group.push(cell)
        else groups.set(cell.shown_class, [cell])
    }
    return groups
}

/** Paints what of the boxes is on the screen. The context is in the screen's (CSS) pixels. */
export function paint(context: CanvasRenderingContext2D, view: View, screen: Size, picture: Picture): void {
    context.clearRect(0, 0, screen.width, screen.height)
    const part = visiblePart(view, screen)
    context.lineWidth = 2
    for (const [classId, cells] of picture.groups) {
        context.strokeStyle = cellClass(classId).colour
        context.beginPath()
        for (const cell of cells) if (overlaps(cell, part)) addBox(context, view, cell)
        context.stroke()
    }
    if (picture.hovered)
        paintEmphasis(context, view, picture.hovered, cellClass(picture.hovered.shown_class).colour)
    if (picture.selected) {
        paintEmphasis(context, view, picture.selected, '#ffd400')
        if (picture.selected.hasHandles) paintHandles(context, view, picture.selected)
    }
}

function addBox(context: CanvasRenderingContext2D, view: View, box: Box): void {
    const start = toScreen(view, { x: box.x1, y: box.y1 })
    context.rect(start.x, start.y, (box.x2 - box.x1) * view.scale, (box.y2 - box.y1) * view.scale)
}

function paintEmphasis(
    context: CanvasRenderingContext2D,
    view: View,
    box: Box & { label?: string },
    colour: string,
): void {
    for (const [width, style] of [
        [5, '#000'],
        [3, colour],
    ] as const) {
        context.lineWidth = width
        context.strokeStyle = style
        context.beginPath()
        addBox(context, view, box)
        context.stroke()
    }
    if (box.label) paintLabel(context, toScreen(view, { x: box.x1, y: box.y1 }), box.label)
}

function paintLabel(context: CanvasRenderingContext2D, place: { x: number; y: number }, label: string): void {
    context.font = LABEL_FONT
    const y = Math.max(place.y - 22, 2)
    context.fillStyle = 'rgb(0 0 0 / 80%)'
    context.fillRect(place.x - 2, y, context.measureText(label).width + 10, 18)
    context.fillStyle = '#fff'
    context.fillText(label, place.x + 3, y + 13)
}

function paintHandles(context: CanvasRenderingContext2D, view: View, box: Box): void {
    context.lineWidth = 1
    context.strokeStyle = '#000'
    context.fillStyle = '#ffd400'
    for (const place of Object.values(handlesOf(box))) {
        const { x, y } = toScreen(view, place)
        context.fillRect(x - HANDLE_PX / 2, y - HANDLE_PX / 2, HANDLE_PX, HANDLE_PX)
        context.strokeRect(x - HANDLE_PX / 2, y - HANDLE_PX / 2, HANDLE_PX, HANDLE_PX)
    }
}
