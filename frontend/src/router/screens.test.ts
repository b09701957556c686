import { expect, test } from 'vitest'
import { SCREENS } from '../../e2e/screens'
import { router } from '.'

test('every page is looked at by the browser tests', () => {
    const pages = router.getRoutes().filter((route) => route.components?.default && !route.children.length)
    expect(SCREENS.map(({ route }) => route).sort()).toEqual(pages.map(({ path }) => path).sort())
})
