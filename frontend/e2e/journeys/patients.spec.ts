import { expect, test } from '../workstation/test'

test('of a spreadsheet with bad rows each is named, and only the good ones are imported', async ({
    openAs,
}) => {
    const number = `IMP-${Date.now()}`
    const rows = [
        '住院号,姓名,sex,birth date',
        `${number}-1,张三,male,1980-02-01`,
        `${number}-1,李四,female,1990-01-01`,
        `${number}-3,王五,unclear,1990-01-01`,
        `${number}-4,,female,01.02.1990`,
        `${number}-5,赵六,female,1971-06-30`,
    ]
    const page = await openAs('technician', '/patients')
    await page.getByRole('button', { name: 'Import' }).click()
    const chooser = page.waitForEvent('filechooser')
    await page.getByText('Drop a CSV or XLSX file here').click()
    const buffer = Buffer.from(rows.join('\n'))
    await (await chooser).setFiles({ name: 'patients.csv', mimeType: 'text/csv', buffer })

    await expect(page.getByText('Nothing has been imported so far.')).toBeVisible()
    const faults = page
        .getByRole('table', { name: 'Rows with a mistake' })
        .or(page.getByLabel('Rows with a mistake'))
    await expect(faults).toContainText('This number belongs to a patient already')
    await expect(faults).toContainText('Must be female, male or other')
    await expect(faults).toContainText('Not a date with the year first')
    await expect(faults).toContainText('Must not be empty')

    await page.getByRole('button', { name: 'Import the good rows (2)' }).click()
    await expect(page.getByText('Patients imported: 2')).toBeVisible()
    await page.getByRole('button', { name: 'To the patients' }).click()
    await page.getByRole('searchbox').or(page.getByLabel('Search patients')).first().fill(number)
    await expect(page.getByRole('link', { name: `${number}-5` })).toBeVisible()
    await expect(page.getByRole('link', { name: `${number}-1` })).toBeVisible()
    await expect(page.getByRole('link', { name: `${number}-3` })).toHaveCount(0)
})

test('on the Chinese page the server says in Chinese why it refuses', async ({ openAs, technician }) => {
    const { number, patient } = await technician.newCase('钱七')
    const page = await openAs('technician', `/patients/${patient.id}`, { locale: 'zh-CN' })

    await page.getByRole('button', { name: '删除', exact: true }).click()
    await page.getByRole('dialog').getByRole('button', { name: '删除' }).click()

    await expect(page.getByRole('alert')).toContainText(`名下有病例：${number}。新建的病例可以先删除`)
})
