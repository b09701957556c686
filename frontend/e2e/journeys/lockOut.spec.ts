import { lettersOf } from '../workstation/captcha'
import { place } from '../workstation/place'
import { expect, test, type Page } from '../workstation/test'

const LIMIT = 10 // wrong passwords

/** Types the name and a password, and the letters where they are asked for; waits for what the page answers. */
async function signIn(page: Page, password: string): Promise<void> {
    await page.getByLabel('User name').fill('paediatrician')
    await page.getByLabel('Password', { exact: true }).fill(password)
    const picture = page.getByRole('img', { name: /A picture with letters/ })
    const shown = (await picture.isVisible()) ? await picture.getAttribute('src') : null
    if (shown) await page.getByLabel('Letters in the picture').fill(lettersOf(shown))
    const answer = page.waitForResponse(/api\/v1\/session$/)
    await page.getByRole('button', { name: 'Sign in' }).click()
    const isRefused = !(await answer).ok()
    if (shown && isRefused) await expect(picture).not.toHaveAttribute('src', shown) // each is good for one try
}

test('a name is locked after wrong passwords, told for how long, and unlocked by an administrator', async ({
    page,
    openAs,
}) => {
    await page.goto('/sign-in')
    const refusal = page.getByRole('alert')
    // One more than the limit: that which first asks for the letters does not count.
    for (let tries = 0; tries <= LIMIT; tries++) {
        await signIn(page, `not this one, ${tries}`)
        if (tries === 3) await expect(page.getByLabel('Letters in the picture')).toBeVisible()
    }
    await expect(refusal).toContainText('This name is locked for 15 more minutes')
    await signIn(page, place().passwords.paediatrician)
    await expect(refusal).toContainText(/This name is locked for 1[45] more minutes/)

    const admin = await openAs('admin', '/users?search=paediatrician')
    const row = admin.getByRole('row', { name: 'paediatrician' })
    await expect(row).toContainText(/Locked until \d\d:\d\d/)
    await admin.getByRole('button', { name: 'More for paediatrician' }).click()
    await admin.getByRole('menuitem', { name: 'Unlock' }).click()
    await expect(admin.getByText('paediatrician can try again at once.')).toBeVisible()
    await expect(row).not.toContainText('Locked')

    await signIn(page, place().passwords.paediatrician)
    await expect(page.getByRole('button', { name: 'Your account' })).toContainText('paediatrician')
})
