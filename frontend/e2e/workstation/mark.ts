/** A square of a colour that no smear has, to find a place of a field again on the screen. */
import { execFileSync } from 'node:child_process'
import type { Locator } from '@playwright/test'
import { python } from './place'

export interface Box {
    x1: number
    y1: number
    x2: number
    y2: number
}

const PAINT = `
import sys
from PIL import Image
picture = Image.open(sys.argv[1])
picture.paste((255, 0, 255), tuple(map(int, sys.argv[2:])))
picture.save(sys.argv[1], quality=95)
`
const FIND = `
import io, sys
import numpy as np
from PIL import Image
red, green, blue = np.asarray(Image.open(io.BytesIO(sys.stdin.buffer.read())).convert("RGB")).astype(int).T
x, y = np.nonzero((np.minimum(red, blue) - green > 120))
print(x.min(), y.min(), x.max() + 1, y.max() + 1)
`

/** Paints the mark into the picture of a field. */
export function paintMark(path: string, { x1, y1, x2, y2 }: Box): void {
    execFileSync(python(), ['-c', PAINT, path, ...[x1, y1, x2, y2].map(String)])
}

/** Where the mark is seen, in pixels of the page. Throws where it is not. */
export async function markOnScreen(stage: Locator): Promise<Box> {
    const input = await stage.screenshot()
    const frame = await stage.boundingBox()
    if (!frame) throw new Error('nothing is shown')
    const found = execFileSync(python(), ['-c', FIND], { input, encoding: 'utf8' })
    const [x1 = NaN, y1 = NaN, x2 = NaN, y2 = NaN] = found.trim().split(' ').map(Number)
    return { x1: x1 + frame.x, y1: y1 + frame.y, x2: x2 + frame.x, y2: y2 + frame.y }
}

export function middleOf({ x1, y1, x2, y2 }: Box): { x: number; y: number } {
    return { x: (x1 + x2) / 2, y: (y1 + y2) / 2 }
}
