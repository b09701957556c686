import type { Schema } from '../../src/api/types'
import type { Client } from '../workstation/client'
import { analysedCase, relabelAll } from '../workstation/seeds'
import { expect, test, type Page } from '../workstation/test'

const tile = (page: Page, cell: { id: number }) => page.locator(`[data-cell="${cell.id}"]`)

/** A case under review with the cells of its gallery, all of them lymphocytes that nobody has confirmed. */
async function lymphocytes(technician: Client, name: string) {
    const { id } = await analysedCase(technician, name, 2)
    const named = await relabelAll(technician, await technician.cells(id), () => 'lymphocyte')
    await technician.step('unconfirm', named)
    const cells = (await technician.cells(id)).sort((a, b) => b.ambiguity - a.ambiguity)
    const [first, second, third] = cells
    if (!first || !second || !third) throw new Error('too few cells were found')
    return { id, cells, first, second, third }
}

async function classOf(client: Client, cell: { id: number }): Promise<string> {
    const { shown_class, is_confirmed } = await client.get<Schema<'Cell'>>(`reviews/cells/${cell.id}`)
    return `${shown_class}${is_confirmed ? ' confirmed' : ''}`
}

test('cells are named, confirmed, taken back and named again with the keyboard alone', async ({
    openAs,
    technician,
}) => {
    const { id, cells, first, second } = await lymphocytes(technician, 'Keyboard Example')
    const page = await openAs('doctor', `/cases/${id}/review`)
    await expect(page.getByRole('option')).toHaveCount(cells.length)

    await page.keyboard.press('Home')
    await expect(tile(page, first)).toBeFocused()
    await page.keyboard.press('1') // myeloblast
    await expect(page.getByRole('option', { name: /^Myeloblast, .*Confirmed$/ })).toHaveCount(1)
    await page.keyboard.press('Enter') // the next one is a lymphocyte indeed
    await expect.poll(() => classOf(technician, first)).toBe('myeloblast confirmed')
    await expect.poll(() => classOf(technician, second)).toBe('lymphocyte confirmed')
    await expect(page.getByText(`2 of ${cells.length} confirmed`, { exact: true })).toBeVisible()

    await page.keyboard.press('Control+z')
    await expect.poll(() => classOf(technician, second)).toBe('lymphocyte')
    await page.keyboard.press('Control+z')
    await expect.poll(() => classOf(technician, first)).toBe('lymphocyte')
    await page.keyboard.press('Control+Shift+Z')
    await expect.poll(() => classOf(technician, first)).toBe('myeloblast confirmed')
})

test('a key means the cell with the focus, not one that came to lie under a resting mouse', async ({
    openAs,
    technician,
}) => {
    const { id, first, second } = await lymphocytes(technician, 'Resting Example')
    const page = await openAs('doctor', `/cases/${id}/review`)

    await tile(page, first).hover()
    await page.keyboard.press('Home')
    await page.keyboard.press('1') // myeloblast: its group comes first, and the cell lies under the mouse again
    await expect(page.getByRole('option', { name: /^Myeloblast, .*Confirmed$/ })).toHaveCount(1)
    await expect(tile(page, second)).toBeFocused()
    await page.keyboard.press('9') // monocyte

    await expect.poll(() => classOf(technician, second)).toBe('monocyte confirmed')
    expect(await classOf(technician, first)).toBe('myeloblast confirmed')
})

test('cells are dragged to another class, several at once', async ({ openAs, technician }) => {
    const { id, first, second, third } = await lymphocytes(technician, 'Dragged Example')
    const page = await openAs('doctor', `/cases/${id}/review`)
    const palette = page.getByRole('navigation', { name: 'Classes: click or drop to name' })

    await tile(page, first).dragTo(palette.getByRole('button', { name: /^Monocyte/ }))
    await expect.poll(() => classOf(technician, first)).toBe('monocyte confirmed')

    await tile(page, second).click()
    await tile(page, third).click({ modifiers: ['Shift'] })
    await tile(page, second).dragTo(palette.getByRole('button', { name: 'Plasma cell' }))
    await expect.poll(() => classOf(technician, second)).toBe('plasma_cell confirmed')
    await expect.poll(() => classOf(technician, third)).toBe('plasma_cell confirmed')
})

test('two readers of one cell see each other instead of overwriting', async ({ openAs, technician }) => {
    const { id, first, second } = await lymphocytes(technician, 'Disputed Example')
    const doctors = await openAs('doctor', `/cases/${id}/review`)
    const technicians = await openAs('technician', `/cases/${id}/review`)
    await expect(tile(doctors, second)).toBeVisible()
    await expect(tile(technicians, second)).toBeVisible()

    await doctors.context().setOffline(true)
    await name(doctors, first, '1') // myeloblast
    await name(doctors, second, '1')
    await name(technicians, first, '9') // monocyte
    await name(technicians, second, '9')
    await expect.poll(() => classOf(technician, second)).toBe('monocyte confirmed')
    await doctors.context().setOffline(false)

    const conflicts = doctors.getByRole('alert', { name: /A colleague changed these cells/ })
    await expect(conflicts.getByRole('listitem')).toHaveCount(2)
    await expect(conflicts.getByRole('listitem').first()).toContainText('Now: Monocyte (Confirmed)')
    expect(await classOf(technician, first)).toBe('monocyte confirmed')

    await conflicts.getByRole('button', { name: 'Keep mine' }).first().click()
    await expect.poll(() => classOf(technician, first)).toBe('myeloblast confirmed')
    await conflicts.getByRole('button', { name: 'Take theirs' }).click()
    await expect(conflicts).toHaveCount(0)
    expect(await classOf(technician, second)).toBe('monocyte confirmed')
    await expect(tile(technicians, first)).toHaveAccessibleName(/^Myeloblast/) // told by the feed of changes
})

test('what is done while the server is away survives a reload and arrives later', async ({
    openAs,
    technician,
}) => {
    const { id, first, second } = await lymphocytes(technician, 'Offline Example')
    const page = await openAs('doctor', `/cases/${id}/review`)
    await expect(tile(page, first)).toBeVisible()
    await page.route('**/api/v1/reviews/cells/*', (route) =>
        route.request().method() === 'POST' ? route.abort() : route.continue(),
    )

    await name(page, first, '1')
    await name(page, second, '9')
    await expect(page.getByText('2 changes wait for the server.')).toBeVisible()
    await page.reload()
    await expect(page.getByText('2 changes wait for the server.')).toBeVisible()
    await expect(tile(page, first)).toHaveAccessibleName(/^Myeloblast/)
    expect(await classOf(technician, first)).toBe('lymphocyte')

    await page.unroute('**/api/v1/reviews/cells/*')
    await page.getByRole('button', { name: 'Try again' }).click()
    await expect.poll(() => classOf(technician, first)).toBe('myeloblast confirmed')
    await expect.poll(() => classOf(technician, second)).toBe('monocyte confirmed')
    await expect(page.getByText(/wait for the server/)).toHaveCount(0)
})

test('two pages of one reader lose nothing that waits: what a closed one has left the other sends', async ({
    openAs,
    technician,
}) => {
    const { id, first, second } = await lymphocytes(technician, 'Two Pages Example')
    const one = await openAs('doctor', `/cases/${id}/review`)
    const other = await one.context().newPage()
    await other.goto(`/cases/${id}/review`)
    await expect(tile(one, first)).toBeVisible()
    await expect(tile(other, second)).toBeVisible()

    await one.context().setOffline(true)
    await name(one, first, '1')
    await name(other, second, '9')
    await expect(one.getByText('1 change waits for the server.')).toBeVisible()
    await expect(other.getByText('1 change waits for the server.')).toBeVisible()
    await one.close()
    await other.context().setOffline(false)

    await expect.poll(() => classOf(technician, first)).toBe('myeloblast confirmed')
    await expect.poll(() => classOf(technician, second)).toBe('monocyte confirmed')
    await expect(other.getByText(/wait for the server|waits for the server/)).toHaveCount(0)
})

test('cells that a second detection replaces are read anew, and what a colleague did stands under the name', async ({
    openAs,
    technician,
}) => {
    const { id } = await analysedCase(technician, 'Replaced Example', 2)
    const [kept, ...others] = await technician.cells(id)
    if (!kept) throw new Error('no cell was found')
    const page = await openAs('doctor', `/cases/${id}/review`)
    await expect(page.getByRole('option')).toHaveCount(others.length + 1)

    await technician.relabel([kept], 'monocyte') // a reader's cell stays
    await technician.post(`cases/${id}/detection-runs`, {})
    await expect(page.getByText(`${others.length} cells are gone`)).toBeVisible({ timeout: 30_000 })
    await expect.poll(async () => (await technician.cells(id)).every((cell) => cell.model_class)).toBe(true)
    const ids = (await technician.cells(id)).map((cell) => cell.id)
    await expect(page.getByRole('option')).toHaveCount(ids.length)
    for (const one of ids) await expect(tile(page, { id: one })).toHaveCount(1)

    await tile(page, kept).click()
    await expect(page.getByRole('listitem').filter({ hasText: 'Named: Monocyte' })).toContainText(
        'technician',
    )
})

/** Points at the cell and presses the key of a class. */
async function name(page: Page, cell: { id: number }, key: string): Promise<void> {
    await tile(page, cell).hover()
    await page.keyboard.press(key)
}
