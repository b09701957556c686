/** Where things are: pixels of the field (the boxes' own), and pixels of the screen. Pure functions. */

export interface Point {
    x: number
    y: number
}
export interface Size {
    width: number
    height: number
}
export interface Box {
    x1: number
    y1: number
    x2: number
    y2: number
}
/** What the viewer needs to know of a cell; the API's `Cell` is one. */
export interface FieldCell extends Box {
    id: number
    shown_class: string
}
/** screen = field * scale + origin */
export interface View {
    scale: number
    origin: Point
}
export type Handle = 'nw' | 'n' | 'ne' | 'e' | 'se' | 's' | 'sw' | 'w'

/** Shorter sides are refused by the server. */
export const SMALLEST_BOX_PX = 4
const HANDLE_REACH_PX = 8 // on the screen; half of what a finger needs is enough with a mouse

export function toScreen(view: View, point: Point): Point {
    return { x: point.x * view.scale + view.origin.x, y: point.y * view.scale + view.origin.y }
}

export function toField(view: View, point: Point): Point {
    return { x: (point.x - view.origin.x) / view.scale, y: (point.y - view.origin.y) / view.scale }
}

/** The part of the field that the screen shows; it reaches beyond the field where the screen does. */
export function visiblePart(view: View, screen: Size): Box {
    const start = toField(view, { x: 0, y: 0 })
    const end = toField(view, { x: screen.width, y: screen.height })
    return { x1: start.x, y1: start.y, x2: end.x, y2: end.y }
}

export function overlaps(box: Box, part: Box): boolean {
    return box.x1 < part.x2 && box.x2 > part.x1 && box.y1 < part.y2 && box.y2 > part.y1
}

export function contains(box: Box, point: Point): boolean {
    return point.x >= box.x1 && point.x <= box.x2 && point.y >= box.y1 && point.y <= box.y2
}

function area(box: Box): number {
    return (box.x2 - box.x1) * (box.y2 - box.y1)
}

/** The cell under a point of the field: of several the smallest, so that none hides behind a larger one. */
export function cellAt<Cell extends FieldCell>(cells: readonly Cell[], point: Point): Cell | undefined {
    let found: Cell | undefined
    for (const cell of cells) {
        if (contains(cell, point) && (!found || area(cell) < area(found))) found = cell
    }
    return found
}

/** The cell before or after the selected one, round at the ends; without a selection the first or last. */
export function neighbour<Cell extends FieldCell>(
    cells: readonly Cell[],
    selected: number | null,
    by: 1 | -1,
): Cell | undefined {
    const index = cells.findIndex((cell) => cell.id === selected)
    if (index < 0) return cells.at(by === 1 ? 0 : -1)
    return cells[(index + by + cells.length) % cells.length]
}

/** The eight handles of a box, in the field's pixels. */
export function handlesOf(box: Box): Record<Handle, Point> {
    const x = (box.x1 + box.x2) / 2
    const y = (box.y1 + box.y2) / 2
    return {
        nw: { x: box.x1, y: box.y1 },
        n: { x, y: box.y1 },
        ne: { x: box.x2, y: box.y1 },
        e: { x: box.x2, y },
        se: { x: box.x2, y: box.y2 },
        s: { x, y: box.y2 },
        sw: { x: box.x1, y: box.y2 },
        w: { x: box.x1, y },
    }
}

/** The handle within reach of a point of the screen: the nearest one. */
export function handleAt(view: View, box: Box, point: Point): Handle | undefined {
    let found: Handle | undefined
    let nearest = HANDLE_REACH_PX
    for (const [name, place] of Object.entries(handlesOf(box)) as [Handle, Point][]) {
        const { x, y } = toScreen(view, place)
        const distance = Math.max(Math.abs(x - point.x), Math.abs(y - point.y))
        if (distance < nearest) [found, nearest] = [name, distance]
    }
    return found
}

function clamp(value: number, low: number, high: number): number {
    return Math.min(Math.max(value, low), high)
}

/** A box between two points, in whichever order they were pressed, cut at the field's border. */
export function boxBetween(first: Point, second: Point, field: Size): Box {
    const x = [first.x, second.x].map((value) => clamp(value, 0, field.width))
    const y = [first.y, second.y].map((value) => clamp(value, 0, field.height))
    return { x1: Math.min(...x), y1: Math.min(...y), x2: Math.max(...x), y2: Math.max(...y) }
}

/** The box moved by a distance, as far as the field reaches; its size stays. */
export function movedBox(box: Box, by: Point, field: Size): Box {
    const x = clamp(by.x, -box.x1, field.width - box.x2)
    const y = clamp(by.y, -box.y1, field.height - box.y2)
    return { x1: box.x1 + x, y1: box.y1 + y, x2: box.x2 + x, y2: box.y2 + y }
}

/** The box with one handle pulled to a point; pulled over the other side it turns round. */
export function resizedBox(box: Box, handle: Handle, to: Point, field: Size): Box {
    const first = { x: box.x1, y: box.y1 }
    const second = { x: box.x2, y: box.y2 }
    if (handle.includes('w')) first.x = to.x
    if (handle.includes('e')) second.x = to.x
    if (handle.includes('n')) first.y = to.y
    if (handle.includes('s')) second.y = to.y
    return boxBetween(first, second, field)
}

export function isLargeEnough(box: Box): boolean {
    return Math.min(box.x2 - box.x1, box.y2 - box.y1) >= SMALLEST_BOX_PX
}
