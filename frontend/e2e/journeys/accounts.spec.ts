import { lettersOf } from '../workstation/captcha'
import { expect, test } from '../workstation/test'

test('somebody registers, is approved by an administrator and signs in', async ({ page, openAs }) => {
    const username = `newcomer-${Date.now()}`
    const password = 'a long enough passphrase'
    await page.goto('/sign-in')
    await page.getByRole('link', { name: 'Register' }).click()
    await expect(page.getByRole('heading', { name: 'Register' })).toBeVisible()
    await page.getByLabel('User name').fill(username)
    await page.getByLabel('Password').fill(password)
    await page.getByLabel('Name shown to others').fill('Nora Newcomer')
    await page.getByLabel('E-mail').fill(`${username}@demo.invalid`)
    await page.getByLabel('Phone').fill('+49 30 000000')
    const picture = page.getByRole('img', { name: /A picture with letters/ })
    await expect(picture).toBeVisible()
    const first = (await picture.getAttribute('src')) ?? ''
    await page.getByLabel('Letters in the picture').fill('wrong')
    await page.getByRole('button', { name: 'Ask for an account' }).click()
    await expect(page.getByText('These were not the letters')).toBeVisible()
    await expect(page.getByLabel('User name')).toHaveValue(username) // nothing typed is lost

    await expect(picture).not.toHaveAttribute('src', first)
    const shown = await picture.getAttribute('src')
    await page.getByLabel('Letters in the picture').fill(lettersOf(shown ?? ''))
    await page.getByRole('button', { name: 'Ask for an account' }).click()
    await expect(page.getByText(`An administrator has to approve '${username}'`)).toBeVisible()

    await page.getByRole('link', { name: 'Back to sign-in' }).click()
    await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible()
    const signIn = async () => {
        await page.getByLabel('User name').fill(username)
        await page.getByLabel('Password').fill(password)
        await page.getByRole('button', { name: 'Sign in' }).click()
    }
    await signIn()
    await expect(page.getByRole('alert')).toContainText('waiting for an administrator')

    const admin = await openAs('admin', `/users?search=${username}`)
    await admin.getByRole('row', { name: username }).getByRole('button', { name: 'Approve' }).click()
    await admin.getByRole('radio', { name: /^Technician/ }).check({ force: true })
    await admin.getByRole('dialog').getByRole('button', { name: 'Approve' }).click()
    await expect(admin.getByRole('row', { name: username })).toContainText('Active')

    await signIn()
    await expect(page.getByRole('button', { name: 'Your account' })).toContainText('Nora Newcomer')
})
