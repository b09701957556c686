/** Where each cell lies in the gallery, in pixels of its whole content: known without anything being drawn. */
import type { CellGroup } from './cellGroups'
import type { Cell } from './reviewApi'

export const GAP = 6
export const HEAD_HEIGHT = 40
export const CAPTION_HEIGHT = 38

export type GalleryRow =
    | { kind: 'head'; key: string; group: CellGroup; top: number; height: number }
    | { kind: 'cells'; key: string; cells: Cell[]; top: number; height: number }

export interface Point {
    x: number
    y: number
}

export function columnsOf(width: number, size: number): number {
    return Math.max(1, Math.floor((width + GAP) / (size + GAP)))
}

/** One row a group's head, then its cells `columns` a row. */
export function rowsOf(groups: readonly CellGroup[], columns: number, size: number): GalleryRow[] {
    const rows: GalleryRow[] = []
    let top = 0
    const add = (row: GalleryRow) => {
        rows.push(row)
        top += row.height
    }
    for (const group of groups) {
        add({ kind: 'head', key: group.classId, group, top, height: HEAD_HEIGHT })
        for (let start = 0; start < group.cells.length; start += columns)
            add({
                kind: 'cells',
                key: `${group.classId} ${start}`,
                cells: group.cells.slice(start, start + columns),
                top,
                height: size + CAPTION_HEIGHT + GAP,
            })
    }
    return rows
}

/** Even-odd rule: a ray to the right crosses the outline an odd number of times. */
export function isInside({ x, y }: Point, outline: readonly Point[]): boolean {
    let inside = false
    outline.forEach((a, index) => {
        const b = outline.at(index - 1) ?? a
        if (a.y > y !== b.y > y && x < ((b.x - a.x) * (y - a.y)) / (b.y - a.y) + a.x) inside = !inside
    })
    return inside
}

/** The cells whose middle lies inside the closed outline. */
export function cellsInside(rows: readonly GalleryRow[], size: number, outline: readonly Point[]): number[] {
    return rows.flatMap((row) =>
        row.kind === 'head'
            ? []
            : row.cells
                  .filter((_, column) =>
                      isInside(
                          { x: column * (size + GAP) + size / 2, y: row.top + (row.height - GAP) / 2 },
                          outline,
                      ),
                  )
                  .map(({ id }) => id),
    )
}

/** The cell that an arrow key leads to from another; undefined: none lies there. */
export function neighbour(rows: readonly GalleryRow[], from: number | null, key: string): Cell | undefined {
    const lines = rows.flatMap((row) => (row.kind === 'cells' ? [row.cells] : []))
    const line = lines.findIndex((cells) => cells.some(({ id }) => id === from))
    if (line < 0 || key === 'Home') return lines[0]?.[0]
    if (key === 'End') return lines.at(-1)?.at(-1)
    const column = lines[line]?.findIndex(({ id }) => id === from) ?? 0
    if (key === 'ArrowUp' || key === 'ArrowDown') {
        const target = lines[line + (key === 'ArrowUp' ? -1 : 1)]
        return target?.[Math.min(column, target.length - 1)]
    }
    const flat = lines.flat()
    return flat[flat.findIndex(({ id }) => id === from) + (key === 'ArrowLeft' ? -1 : 1)]
}

/** The cells of the rows from `startIndex` to `endIndex`, both included; null: no row is shown. */
export function idsBetween(
    rows: readonly GalleryRow[],
    range: { startIndex: number; endIndex: number } | null,
): number[] {
    const shown = range ? rows.slice(range.startIndex, range.endIndex + 1) : []
    return shown.flatMap((row) => (row.kind === 'cells' ? row.cells.map(({ id }) => id) : []))
}
