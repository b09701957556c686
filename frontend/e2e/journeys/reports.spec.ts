import { place } from '../workstation/place'
import { countsInFhir, countsShown, textOfPdf } from '../workstation/reportForms'
import { analysedCase } from '../workstation/seeds'
import { expect, test } from '../workstation/test'

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

    const text = await textOfPdf(page, 1, testInfo.outputPath('report.pdf'))
    for (const [name, count] of Object.entries(counts)) expect(text).toContain(`${name} ${count} `)
    expect(text).toContain('Many blasts.')

    const sent = await countsInFhir(page, 1, testInfo.outputPath('report.json'))
    expect(counts).toMatchObject(sent)
    expect(Object.keys(sent).length).toBeGreaterThan(0)
})
