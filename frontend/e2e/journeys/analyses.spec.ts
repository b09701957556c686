import type { Schema } from '../../src/api/types'
import { analysedCase, caseWithFields } from '../workstation/seeds'
import { manyFields, smear } from '../workstation/smear'
import { expect, test, type Page } from '../workstation/test'
import { killWorker } from '../workstation/worker'

const runs = (page: Page) => page.getByRole('list', { name: 'Runs' })

test('a case is made, its fields are uploaded and their cells found and recognised', async ({
    openAs,
    technician,
}) => {
    const { patient } = await technician.newCase('Journey Example')
    const page = await openAs('technician', '/cases')
    await page.getByRole('button', { name: 'New case' }).click()
    await page.getByRole('combobox', { name: 'Patient' }).fill(patient.hospital_number)
    await page.getByRole('option', { name: patient.hospital_number }).click()
    await page.getByText('Peripheral blood', { exact: true }).click()
    await page.getByLabel('Collected').fill('2026-02-03')
    await page.getByLabel('Clinical question').fill('Blasts?')
    await page.getByRole('button', { name: 'Create case' }).click()
    await expect(page).toHaveURL(/\/cases\/\d+\/fields/)

    const broken = { name: 'broken.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('no picture') }
    await page
        .getByLabel('Choose files')
        .last()
        .setInputFiles([...smear(3), broken])
    await expect(page.getByText('4 of 4 files sent: 3 new, 0 there already, 1 refused')).toBeVisible()
    await page.getByLabel('Choose files').last().setInputFiles(smear(1))
    await expect(page.getByText('There already', { exact: true })).toBeVisible()

    await page.getByRole('button', { name: 'Detect cells' }).click()
    await page.getByRole('button', { name: 'Start', exact: true }).click()
    await expect(runs(page)).toContainText(/\d+ cells recognised/)
    await expect(page.getByRole('list', { name: 'Fields of this case' })).toContainText('Examined')

    await page.getByRole('link', { name: 'Recognition' }).click()
    const caseId = Number(/cases\/(\d+)/.exec(page.url())?.[1])
    const cells = await technician.cells(caseId)
    await expect(page.getByRole('img', { name: / in field_000/ })).toHaveCount(cells.length)
    await page.getByRole('button', { name: 'Recognise cells' }).click()
    await expect(runs(page).getByText(`${cells.length} cells recognised`)).toHaveCount(2)
})

test('a box that is moved stays moved after a reload, until it is taken back', async ({
    openAs,
    technician,
}) => {
    const { id } = await analysedCase(technician, 'Moved Example', 1)
    const page = await openAs('technician', `/cases/${id}/fields`)
    const [before] = await technician.cells(id)
    if (!before) throw new Error('no cell was found')
    const middle = await onScreen(page, before)

    await page.mouse.click(middle.x, middle.y)
    await page.mouse.move(middle.x, middle.y)
    await page.mouse.down()
    await page.mouse.move(middle.x + 30 * middle.scale, middle.y - 20 * middle.scale, { steps: 4 })
    await page.mouse.up()
    const boxOf = async () => {
        const { x1, y1 } = await technician.get<Schema<'Cell'>>(`reviews/cells/${before.id}`)
        return [x1 - before.x1, y1 - before.y1].map(Math.round)
    }
    await expect.poll(boxOf).toEqual([30, -20])

    await page.reload()
    await expect(page.getByRole('application')).toBeVisible()
    await page.getByRole('button', { name: 'Undo' }).click()
    await expect.poll(boxOf).toEqual([0, 0])
})

test('the run of a killed worker is taken up by the next one, and the page says so', async ({
    openAs,
    technician,
}) => {
    const made = await caseWithFields(technician, 'Killed Example', 0)
    await technician.upload(made.id, manyFields(80))
    const page = await openAs('technician', `/cases/${made.id}/fields`)
    await page.getByRole('button', { name: 'Detect cells' }).click()
    await page.getByRole('button', { name: 'Start', exact: true }).click()
    await expect(runs(page).getByRole('progressbar')).toBeVisible()
    await technician.until(async () => {
        const [run] = (
            await technician.get<Schema<'PaginatedDetectionRunList'>>(`cases/${made.id}/detection-runs`)
        ).results
        return (run?.progress_done ?? 0) > 0
    })
    killWorker()

    await expect(runs(page)).toContainText('The worker was lost; tried again, attempt 2', { timeout: 30_000 })
    await expect(runs(page)).toContainText(/\d+ cells found/, { timeout: 30_000 })
    const fields = await technician.get<Schema<'PaginatedFieldList'>>(`cases/${made.id}/fields?page_size=100`)
    expect(fields.results.map(({ state }) => state)).toEqual(Array(80).fill('examined'))
})

/** Middle of a cell on the screen, and pixels of the screen in one of the field, when the whole field is shown. */
async function onScreen(page: Page, cell: Schema<'Cell'>): Promise<{ x: number; y: number; scale: number }> {
    const stage = page.getByRole('application')
    await expect(runs(page)).toBeVisible() // it pushes what is below it
    await expect(page.getByRole('list', { name: 'Cells in this field' }).getByRole('button')).not.toHaveCount(
        0,
    )
    await expect(stage.getByRole('status')).toHaveCount(0)
    const frame = await stage.boundingBox()
    if (!frame) throw new Error('the field is not shown')
    const scale = Math.min(frame.width / 640, frame.height / 480)
    return {
        x: frame.x + frame.width / 2 + ((cell.x1 + cell.x2) / 2 - 320) * scale,
        y: frame.y + frame.height / 2 + ((cell.y1 + cell.y2) / 2 - 240) * scale,
        scale,
    }
}
