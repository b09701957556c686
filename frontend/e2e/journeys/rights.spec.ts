import { expect, test } from '../workstation/test'

for (const path of ['/users', '/settings', '/log', '/cases/new', '/patients/import']) {
    test(`a viewer is told that ${path} is not allowed`, async ({ openAs }) => {
        const page = await openAs('viewer', path)
        await expect(page).toHaveURL(/\/not-allowed/)
        await expect(page.getByText('Your role may not open this page.')).toBeVisible()
    })
}

test('a viewer reads a case without its names and without anything to change it', async ({ openAs }) => {
    const page = await openAs('viewer', '/cases?search=2026-000001')
    await page.getByRole('link', { name: '2026-000001' }).click()
    await expect(page.getByRole('heading', { name: '2026-000001' })).toBeVisible()
    await expect(page.getByText('王**')).toBeVisible()

    await page.getByRole('link', { name: 'Fields and detection' }).click()
    await expect(page.getByRole('toolbar', { name: 'Tools of the field' })).toBeVisible()
    await expect(page.getByRole('button', { name: 'Choose files' })).toHaveCount(0)
    await expect(page.getByRole('button', { name: 'Draw a box' })).toHaveCount(0)
})

test('a doctor of another department finds nothing of a case that is not theirs', async ({ openAs }) => {
    const page = await openAs('paediatrician', '/cases/1')
    await expect(page.getByRole('button', { name: 'Try again' })).toBeVisible()
    await expect(page.getByText('王')).toHaveCount(0)
})
