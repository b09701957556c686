import { readFileSync } from 'node:fs'
import { pdfText } from '../workstation/pdf'
import { place } from '../workstation/place'
import { analysedCase } from '../workstation/seeds'
import { expect, test, type Page } from '../workstation/test'

/** Class and number of cells of each row that the page shows. */
async function countsShown(page: Page): Promise<Record<string, number>> {
    const rows = await page.getByRole('table').first().getByRole('row').allInnerTexts()
    const cells = rows.slice(1).map((row) => row.split('\t').map((text) => text.trim()))
    return Object.fromEntries(cells.map(([name, count]) => [name, Number(count)]))
}

/** The same from a FHIR bundle: observations `Myeloblast, per cent of ...` with their component `count`. */
function countsInFhir(bundle: FhirBundle): Record<string, number> {
    const found = bundle.entry.flatMap(({ resource }) => {
        const count = resource.component?.find(({ code }) => code.text === 'count')?.valueInteger
        const [name] = resource.code?.text?.split(', per cent') ?? []
        return count === undefined || name === undefined ? [] : [[name, count] as const]
    })
    return Object.fromEntries(found)
}

interface FhirBundle {
    resourceType: string
    entry: {
        resource: {
            code?: { text?: string }
            component?: { code: { text: string }; valueInteger?: number }[]
        }
    }[]
}

test('a report is refused until its cells are reviewed, then signed and taken along', async ({
    openAs,
    technician,
}, testInfo) => {
    const { id } = await analysedCase(technician, 'Signed Example', 6)
    const page = await openAs('doctor', `/cases/${id}/report`)
    await expect(page.getByText('Before the report can be signed')).toBeVisible()
    await expect(page.getByText('No reader has worked on this case yet.')).toBeVisible()
    await expect(page.getByRole('button', { name: 'Sign', exact: true })).toBeDisabled()

    await page.setViewportSize({ width: 1280, height: 2400 }) // every cell is on the screen
    await page.getByRole('link', { name: 'Begin the review' }).click()
    const unidentified = page.getByRole('group', { name: 'Unidentified' })
    await unidentified.getByRole('button', { name: 'Select all' }).click()
    await page
        .getByRole('navigation', { name: /^Classes/ })
        .getByRole('button', { name: 'Myeloblast' })
        .click()
    await page.getByRole('button', { name: /^Confirm all shown/ }).click()
    await expect(page.getByText(/^(\d+) of \1 confirmed$/).first()).toBeVisible()

    await page.getByRole('link', { name: 'Report', exact: true }).click()
    await page.getByLabel('Conclusion').fill('Many blasts.')
    await page.getByRole('button', { name: 'Sign', exact: true }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Your password').fill('not mine')
    await dialog.getByRole('button', { name: 'Sign' }).click()
    await expect(dialog.getByText('not your password')).toBeVisible()
    await dialog.getByLabel('Your password').fill(place().passwords.doctor)
    await dialog.getByRole('button', { name: 'Sign' }).click()
    await expect(page.getByText('Version 1')).toBeVisible()
    await expect(page.getByText('Signed: open the report')).toBeVisible()

    const counts = await countsShown(page)
    expect(Object.values(counts).reduce((a, b) => a + b)).toBe((await technician.cells(id)).length)

    const download = page.getByRole('button', { name: /^Download version 1/ })
    const pdf = await fileOf(page, testInfo.outputPath('report.pdf'), async () => {
        await download.click()
        await page.getByRole('menuitem', { name: 'PDF' }).click()
    })
    const text = pdfText(pdf).replace(/\s+/g, ' ')
    for (const [name, count] of Object.entries(counts)) expect(text).toContain(`${name} ${count} `)
    expect(text).toContain('Many blasts.')

    const fhir = await fileOf(page, testInfo.outputPath('report.json'), async () => {
        await download.click()
        await page.getByRole('menuitem', { name: 'FHIR R4' }).click()
    })
    const bundle = JSON.parse(readFileSync(fhir, 'utf8')) as FhirBundle
    expect(bundle.resourceType).toBe('Bundle')
    expect(counts).toMatchObject(countsInFhir(bundle))
    expect(Object.keys(countsInFhir(bundle)).length).toBeGreaterThan(0)
})

/** Path of the file that the action downloads. */
async function fileOf(page: Page, path: string, action: () => Promise<void>): Promise<string> {
    const [file] = await Promise.all([page.waitForEvent('download'), action()])
    await file.saveAs(path)
    return path
}
