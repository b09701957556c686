import { place } from '../workstation/place'
import { expect, test } from '../workstation/test'

test('a wrong password is refused, the right one opens the page that was asked for', async ({ page }) => {
    await page.goto('/profile')
    await expect(page).toHaveURL(/\/sign-in\?next=/)

    await page.getByLabel('User name').fill('viewer')
    await page.getByLabel('Password', { exact: true }).fill('not this one')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await expect(page.getByRole('alert')).toBeVisible()

    await page.getByLabel('Password', { exact: true }).fill(place().passwords.viewer)
    await page.keyboard.press('Enter')
    await expect(page).toHaveURL(/\/profile$/)
    await expect(page.getByRole('button', { name: 'Your account' })).toContainText('viewer')
})

test('the language is switched at once and is still there after a reload', async ({ openAs }) => {
    const page = await openAs('viewer', '/')
    await expect(page.getByRole('navigation', { name: 'Main navigation' })).toBeVisible()

    await page.getByRole('button', { name: '中文' }).click()
    await expect(page.getByRole('navigation', { name: '主导航' })).toBeVisible()
    await expect(page.locator('html')).toHaveAttribute('lang', 'zh-CN')

    await page.reload()
    await expect(page.getByRole('navigation', { name: '主导航' })).toBeVisible()
})
