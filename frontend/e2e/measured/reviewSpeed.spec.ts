/** `npm run review-speed`: what it costs to put right and confirm a hundred cells, ten of them under a wrong class. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import classes from '../../src/taxonomy/classes.json' with { type: 'json' }
import { python, pythonEnvironment, ROOT } from '../workstation/place'
import { expect, test, type Locator, type Page } from '../workstation/test'
import { Hands } from './hands'
import { CELLS, hundredCells, WRONG, type HundredCells } from './hundredCells'

const OUT = join(ROOT, 'results', 'review-speed', 'review-speed.json')
const MACHINE =
    'import json; from hemascope.data.machine import describe_machine; print(json.dumps(describe_machine()))'
const WHEEL_PX = 120 // one notch
const MOST_TURNS = 200
const results: Record<string, object> = {}

test.setTimeout(120_000)
test.use({ viewport: { width: 1920, height: 1080 } }) // what a laboratory's screen has
const WAYS = {
    'point and press': async (hands: Hands, page: Page, id: number, wanted: string) => {
        await hands.pointAt(await inSight(hands, page, id))
        await hands.press(classes.find((row) => row.id === wanted)?.key ?? '')
    },
    'drag and drop': async (hands: Hands, page: Page, id: number, wanted: string) => {
        const name = classes.find((row) => row.id === wanted)?.en ?? ''
        const palette = page.getByRole('navigation', { name: /^Classes/ })
        await hands.drag(await inSight(hands, page, id), palette.getByTitle(name, { exact: true }))
    },
}

for (const [way, correct] of Object.entries(WAYS)) {
    test(`a hundred cells are right and confirmed by ${way}`, async ({ openAs, technician, browser }) => {
        const hundred = await hundredCells(technician)
        const page = await openAs('doctor', `/cases/${hundred.caseId}/review`)
        await expect(page.getByText(`0 of ${CELLS} confirmed`, { exact: true })).toBeVisible()
        const hands = new Hands(page)

        const start = performance.now()
        for (const id of inOrderOfGallery(hundred))
            await correct(hands, page, id, hundred.truth.get(id) ?? '')
        await toTheEnd(hands, page)
        await hands.press('Shift+Enter')
        await expect(page.getByText(`${CELLS} of ${CELLS} confirmed`, { exact: true })).toBeVisible()
        await technician.until(async () =>
            (await technician.cells(hundred.caseId)).every((cell) => cell.is_confirmed),
        )
        const seconds = (performance.now() - start) / 1000

        const cells = await technician.cells(hundred.caseId)
        expect(cells.map(({ id, reader_class }) => [id, reader_class]).sort()).toEqual(
            [...hundred.truth].sort(),
        )
        expect(hands.presses).toBeLessThanOrEqual(WRONG + 1)
        const { keys, clicks, drags, wheelTurns } = hands
        const figures = { keys, clicks, drags, wheel_turns: wheelTurns, seconds: Number(seconds.toFixed(1)) }
        results[way] = { cells: CELLS, wrong: WRONG, fields: hundred.fields, ...figures }
        results.machine = { ...machine(), chromium: browser.version() }
    })
}

test.afterAll(() => writeFileSync(OUT, `${JSON.stringify(results, null, 4)}\n`))

/** From top to bottom, as somebody scrolls: by the class shown, then the most ambiguous first. */
function inOrderOfGallery({ wrong }: HundredCells): number[] {
    const order = classes.map(({ id }) => id)
    return wrong
        .sort(
            (a, b) =>
                order.indexOf(a.shown_class) - order.indexOf(b.shown_class) || b.ambiguity - a.ambiguity,
        )
        .map(({ id }) => id)
}

/** Turns the wheel until the whole cell is in the gallery's window. */
async function inSight(hands: Hands, page: Page, id: number): Promise<Locator> {
    const cell = page.locator(`[data-cell="${id}"]`)
    const gallery = page.getByRole('region', { name: 'Cells by class' })
    for (let turns = 0; turns < MOST_TURNS && !(await isInside(cell, gallery)); turns++)
        await hands.turnWheel(gallery, WHEEL_PX)
    return cell
}

/** Turns the wheel until every cell has been on the screen. */
async function toTheEnd(hands: Hands, page: Page): Promise<void> {
    const gallery = page.getByRole('region', { name: 'Cells by class' })
    const rest = () => gallery.evaluate((box) => box.scrollHeight - box.scrollTop - box.clientHeight)
    for (let turns = 0; turns < MOST_TURNS && (await rest()) > 1; turns++)
        await hands.turnWheel(gallery, WHEEL_PX)
}

async function isInside(cell: Locator, gallery: Locator): Promise<boolean> {
    if (!(await cell.count())) return false
    const [inner, outer] = [await cell.boundingBox(), await gallery.boundingBox()]
    return !!inner && !!outer && inner.y >= outer.y && inner.y + inner.height <= outer.y + outer.height
}

function machine(): object {
    const options = { encoding: 'utf8', env: pythonEnvironment() } as const
    return JSON.parse(execFileSync(python(), ['-c', MACHINE], options)) as object
}
