import { join } from 'node:path'
import type { Schema } from '../../src/api/types'
import { markOnScreen, middleOf, paintMark, type Box } from '../workstation/mark'
import { caseWithFields } from '../workstation/seeds'
import { paintSmear, smearIn } from '../workstation/smear'
import { expect, test, type Locator, type Page } from '../workstation/test'
import { trueClasses } from '../workstation/truth'

const SIZE = { width: 5000, height: 1600 } // the picture of it that the viewer gets is 4096 pixels wide
const MARK = { x1: 4700, y1: 1300, x2: 4724, y2: 1324 }

const settled = (page: Page) => page.waitForTimeout(700) // the picture glides to where it was sent

/** Brings the mark to the middle of the stage and turns the wheel over it, until it grows no more. */
async function zoomToMark(page: Page, stage: Locator): Promise<Box> {
    const frame = await stage.boundingBox()
    if (!frame) throw new Error('the field is not shown')
    const middle = { x: frame.x + frame.width / 2, y: frame.y + frame.height / 2 }
    let seen = await markOnScreen(stage)
    for (let width = 0; seen.x2 - seen.x1 > width + 1; seen = await markOnScreen(stage)) {
        width = seen.x2 - seen.x1
        await drag(page, middleOf(seen), middle)
        for (let click = 0; click < 8; click++) {
            await page.mouse.wheel(0, -120)
            await page.waitForTimeout(60) // what comes faster is left out
        }
        await settled(page)
    }
    return seen
}

async function drag(page: Page, from: { x: number; y: number }, to: { x: number; y: number }): Promise<void> {
    await page.mouse.move(from.x, from.y)
    await page.mouse.down()
    await page.mouse.move(to.x, to.y, { steps: 6 })
    await page.waitForTimeout(200) // no throw
    await page.mouse.up()
    await settled(page)
}

test('in a field larger than its picture boxes lie where the cells are, and are drawn and moved there', async ({
    openAs,
    technician,
}, testInfo) => {
    test.slow() // eight million pixels
    const folder = testInfo.outputPath('large')
    await paintSmear(folder, 1, SIZE)
    paintMark(join(folder, smearIn(folder)[0]?.name ?? ''), MARK)
    const { id } = await caseWithFields(technician, 'Large Example', 0)
    const page = await openAs('technician', `/cases/${id}/fields`)
    await page.getByLabel('Choose files').last().setInputFiles(smearIn(folder))
    await expect(page.getByText('1 of 1 files sent: 1 new')).toBeVisible({ timeout: 30_000 })
    await page.getByRole('button', { name: 'Detect cells' }).click()
    await page.getByRole('button', { name: 'Start', exact: true }).click()
    const runs = page.getByRole('list', { name: 'Runs' })
    await expect(runs).toContainText(/\d+ cells recognised/, { timeout: 90_000 })
    const found = await technician.cells(id)
    expect(trueClasses(found, folder).size).toBeGreaterThan(0.8 * found.length)

    const stage = page.getByRole('application')
    await expect(stage.getByRole('status')).toHaveCount(0)
    await page.getByRole('main').evaluate((main) => main.scrollTo(0, main.scrollHeight))
    const { height } = (await stage.boundingBox()) ?? { height: NaN }
    expect(height, 'hundreds of cells beside it do not make it higher').toBeLessThan(700)
    await settled(page)
    const seen = await zoomToMark(page, stage)
    const scale = (seen.x2 - seen.x1) / (MARK.x2 - MARK.x1)
    expect(scale).toBeGreaterThan(8)

    const outside = { x: seen.x1 - 30, y: seen.y1 - 30 }
    await drag(page, outside, { x: outside.x - 40, y: outside.y + 25 })
    const panned = await markOnScreen(stage)
    expect(Math.abs(panned.x1 - seen.x1 + 40)).toBeLessThan(4)
    expect(Math.abs(panned.y1 - seen.y1 - 25)).toBeLessThan(4)

    await page.getByRole('button', { name: 'Draw a box' }).click()
    await drag(page, { x: panned.x1, y: panned.y1 }, { x: panned.x2, y: panned.y2 })
    await expect.poll(async () => (await technician.cells(id)).length).toBe(found.length + 1)
    const [drawn] = (await technician.cells(id)).filter((cell) => cell.origin === 'reader')
    if (!drawn) throw new Error('no box was drawn')
    for (const side of ['x1', 'y1', 'x2', 'y2'] as const)
        expect(Math.abs(drawn[side] - MARK[side]), side).toBeLessThan(1)

    const middle = middleOf(panned)
    await drag(page, middle, { x: middle.x + 10 * scale, y: middle.y - 6 * scale })
    const movedBy = async () => {
        const { x1, y1 } = await technician.get<Schema<'Cell'>>(`reviews/cells/${drawn.id}`)
        return [x1 - drawn.x1, y1 - drawn.y1].map(Math.round)
    }
    await expect.poll(movedBy).toEqual([10, -6])
})
