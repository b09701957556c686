import type { Schema } from '../../src/api/types'
import type { Client } from '../workstation/client'
import { caseWithFields } from '../workstation/seeds'
import { manyFields } from '../workstation/smear'
import { expect, test, type Page } from '../workstation/test'
import { whileWorkerRests } from '../workstation/worker'

const FIELDS = 32 // each of the painted ones twice
const runs = (page: Page) => page.getByRole('list', { name: 'Runs' })

async function detect(page: Page): Promise<void> {
    await page.getByRole('button', { name: 'Detect cells' }).click()
    await page.getByRole('button', { name: 'Start', exact: true }).click()
}

async function fieldsOf(client: Client, caseId: number): Promise<Schema<'Field'>[]> {
    return (await client.get<Schema<'PaginatedFieldList'>>(`cases/${caseId}/fields?page_size=100`)).results
}

/** How many cells lie in each field, by the name of its file. */
async function cellsOfFiles(client: Client, caseId: number): Promise<Map<string, number>> {
    const counts = new Map<string, number>()
    for (const { file_name } of await client.cells(caseId))
        counts.set(file_name, (counts.get(file_name) ?? 0) + 1)
    return counts
}

test('a running and a waiting run are stopped, are told as stopped, and can be run again', async ({
    openAs,
    technician,
}) => {
    test.slow() // four runs, two of them to their end
    const long = await caseWithFields(technician, 'Stopped Example', 0)
    await technician.upload(long.id, manyFields(FIELDS))
    const short = await caseWithFields(technician, 'Waiting Example', 2)
    const page = await openAs('technician', `/cases/${long.id}/fields`)
    const other = await openAs('technician', `/cases/${short.id}/fields`)
    await detect(page)
    await technician.until(async () =>
        (await fieldsOf(technician, long.id)).some(({ state }) => state === 'examined'),
    )
    await whileWorkerRests(async () => {
        await detect(other)
        await expect(runs(other).getByRole('status')).toHaveText('Waiting')
        await runs(other).getByRole('button', { name: 'Stop' }).click()
        await expect(runs(other).getByRole('status')).toHaveText('Stopped')
        await expect(runs(other).getByRole('button', { name: 'Stop' })).toHaveCount(0)

        await expect(runs(page).getByText(/^\d+ \/ 32$/)).toBeVisible()
        await runs(page).getByRole('button', { name: 'Stop' }).click()
        await expect(runs(page).getByRole('button', { name: 'Stopping' })).toBeDisabled()
    })
    await expect(runs(page).getByRole('status')).toHaveText('Stopped')
    await expect(runs(page)).toContainText(/after \d+ of 32/)
    const examined = (await fieldsOf(technician, long.id)).filter(({ state }) => state === 'examined').length
    expect(examined).toBeGreaterThan(0)
    expect(examined).toBeLessThan(FIELDS)
    expect((await technician.get<Schema<'Case'>>(`cases/${long.id}`)).state).toBe('new')
    await page.getByRole('link', { name: 'Analysis' }).click()
    await expect(
        page.getByText(`${FIELDS - examined} of ${FIELDS} images have not been examined`),
    ).toBeVisible()
    expect(await technician.cells(short.id)).toEqual([])

    await detect(other)
    await expect(runs(other)).toContainText(/\d+ cells recognised/)
    await page.getByRole('link', { name: 'Fields and detection' }).click()
    await detect(page)
    await expect(runs(page)).toContainText(/\d+ cells recognised/, { timeout: 60_000 })
    expect((await fieldsOf(technician, long.id)).every(({ state }) => state === 'examined')).toBe(true)
    const once = await cellsOfFiles(technician, long.id) // as many in each copy of a field as in its first
    for (const [name, count] of once) {
        const first = `${Number(name.split('_')[0]) % 16}_${name.split('_').slice(1).join('_')}`
        expect([name, count]).toEqual([name, once.get(first)])
    }
    await page.getByRole('link', { name: 'Analysis' }).click()
    await expect(page.getByText('have not been examined')).toHaveCount(0)
})
