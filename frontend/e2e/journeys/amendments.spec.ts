import type { Schema } from '../../src/api/types'
import { place } from '../workstation/place'
import { countsInFhir, countsShown, textOfPdf } from '../workstation/reportForms'
import { reviewedCase, signedCase } from '../workstation/seeds'
import { expect, test } from '../workstation/test'

test('a signed report is reopened, a cell corrected and the report amended; the old one stays', async ({
    openAs,
    technician,
    doctor,
}, testInfo) => {
    const { id } = await signedCase(technician, doctor, 'Amended Example', 4)
    const page = await openAs('doctor', `/cases/${id}/report`)
    const first = await countsShown(page)
    const [cell] = (await technician.cells(id)).filter((one) => one.reader_class === 'myeloblast')
    if (!cell) throw new Error('no myeloblast was painted')

    await page.getByRole('button', { name: 'Reopen the review' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('textbox', { name: 'Reason' }).fill('One cell looks like a monocyte.')
    await dialog.getByRole('button', { name: 'Save' }).click()
    await expect(page.getByRole('main')).toContainText('In review')
    await expect(page.getByRole('button', { name: 'Reopen the review' })).toHaveCount(0)
    await expect(page.getByRole('listitem').filter({ hasText: 'Version 1' })).toContainText('Valid')

    await page.getByRole('link', { name: 'Review', exact: true }).click()
    await page.locator(`[data-cell="${cell.id}"]`).click()
    await page.keyboard.press('9') // monocyte
    await expect
        .poll(async () => (await technician.get<Schema<'Cell'>>(`reviews/cells/${cell.id}`)).reader_class)
        .toBe('monocyte')

    await page.getByRole('link', { name: 'Report', exact: true }).click()
    await expect(page.getByLabel('Conclusion')).toHaveValue('As first signed.')
    await page.getByLabel('Conclusion').fill('One monocyte more.')
    await page.getByRole('button', { name: 'Sign an amendment' }).click()
    await expect(dialog.getByRole('button', { name: 'Sign' })).toBeDisabled()
    await dialog.getByLabel('Your password').fill(place().passwords.doctor)
    await expect(dialog.getByRole('button', { name: 'Sign' })).toBeDisabled() // not without a reason
    await dialog.getByLabel('Reason of the amendment').fill('A monocyte was called a blast.')
    await dialog.getByRole('button', { name: 'Sign' }).click()
    await expect(page.getByText('Version 2')).toBeVisible()
    await expect(page.getByText('A monocyte was called a blast.')).toBeVisible()
    const versions = page.getByRole('listitem').filter({ hasText: /^Version/ })
    await expect(versions).toHaveText([/^Version 2.*Valid/, /^Version 1.*Replaced by 2/])

    const second = await countsShown(page)
    expect(second.Myeloblast).toBe((first.Myeloblast ?? 0) - 1)
    expect(second.Monocyte).toBe((first.Monocyte ?? 0) + 1)
    for (const [version, counts, conclusion] of [
        [1, first, 'As first signed.'],
        [2, second, 'One monocyte more.'],
    ] as const) {
        const pdf = await textOfPdf(page, version, testInfo.outputPath(`${version}.pdf`))
        for (const [name, count] of Object.entries(counts)) expect(pdf).toContain(`${name} ${count} `)
        expect(pdf).toContain(conclusion)
        expect(pdf.includes('version 2 has replaced it')).toBe(version === 1)
        expect(counts).toMatchObject(
            await countsInFhir(page, version, testInfo.outputPath(`${version}.json`)),
        )
    }
})

test('a technician reads the report and neither signs, amends nor reopens it', async ({
    openAs,
    technician,
    doctor,
}) => {
    const signed = await signedCase(technician, doctor, 'Closed Example', 2)
    const page = await openAs('technician', `/cases/${signed.id}/report`)
    await expect(page.getByText('Version 1')).toBeVisible()
    await expect(page.getByRole('button', { name: /^Download version 1/ })).toBeEnabled()
    await expect(page.getByRole('button', { name: /^Sign|^Reopen/ })).toHaveCount(0)
    await expect(page.getByLabel('Conclusion')).toHaveCount(0)

    await page.getByRole('link', { name: 'Review', exact: true }).click()
    await expect(page.getByRole('option').first()).toBeVisible()
    await expect(page.getByRole('button', { name: /^Confirm all shown/ })).toHaveCount(0)
    const [cell] = await technician.cells(signed.id)
    if (!cell) throw new Error('no cell was found')
    await page.locator(`[data-cell="${cell.id}"]`).click()
    await page.keyboard.press('9')
    const { reader_class } = await technician.get<Schema<'Cell'>>(`reviews/cells/${cell.id}`)
    expect(reader_class).toBe(cell.reader_class)

    const unsigned = await reviewedCase(technician, 'Unsigned Example', 2)
    await page.goto(`/cases/${unsigned.id}/report`)
    await expect(page.getByText('Nothing stands against signing.')).toBeVisible()
    await expect(page.getByRole('button', { name: /^Sign/ })).toHaveCount(0)
    for (const deed of ['sign', 'amend', 'reopen'])
        await expect(technician.post(`cases/${unsigned.id}/${deed}`, {})).rejects.toThrow(/: 403 /)
})
