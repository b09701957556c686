import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Schema } from '../../src/api/types'
import { place, smearFolder } from './place'

const LEAST_OVERLAP = 0.5

interface Box {
    x1: number
    y1: number
    x2: number
    y2: number
}
interface PaintedCell extends Box {
    file: string
    paintedClass: string
}

/** What was painted, from `truth.csv` beside the smear. */
function paintedCells(folder: string): PaintedCell[] {
    const [, ...lines] = readFileSync(join(folder, 'truth.csv'), 'utf8').trim().split('\n')
    return lines.map((line) => {
        const [file = '', paintedClass = '', ...numbers] = line.split(',')
        const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = numbers.map(Number)
        return { file, paintedClass, x1, y1, x2, y2 }
    })
}

function overlap(a: Box, b: Box): number {
    const width = Math.max(0, Math.min(a.x2, b.x2) - Math.max(a.x1, b.x1))
    const height = Math.max(0, Math.min(a.y2, b.y2) - Math.max(a.y1, b.y1))
    const area = (box: Box) => (box.x2 - box.x1) * (box.y2 - box.y1)
    return (width * height) / (area(a) + area(b) - width * height)
}

/** Painted class of each cell, by its id; a cell that lies on nothing painted is left out. */
export function trueClasses(
    cells: Schema<'TableCell'>[],
    folder = smearFolder(place().folder),
): Map<number, string> {
    const painted = paintedCells(folder)
    const found = new Map<number, string>()
    for (const cell of cells) {
        const match = painted.find(
            ({ file, ...box }) => file === cell.file_name && overlap(box, cell) > LEAST_OVERLAP,
        )
        if (match) found.set(cell.id, match.paintedClass)
    }
    return found
}
