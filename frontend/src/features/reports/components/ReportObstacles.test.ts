import { expect, test } from 'vitest'
import { mountInApp } from '@/testing/mounting'
import type { Obstacle } from '../composables/useObstacles'
import ReportObstacles from './ReportObstacles.vue'

const UNREVIEWED: Obstacle = {
    reason: 'unreviewed',
    message: 'of the server',
    count: 4,
    of: 32,
    limit_percent: 0,
}

async function shown(obstacles: Obstacle[], pages: string[]) {
    const { wrapper, router } = await mountInApp(ReportObstacles, { props: { caseId: 3, obstacles: [] } })
    for (const name of pages)
        router.addRoute({
            path: name.startsWith('case-') ? `/cases/:caseId/${name}` : `/${name}`,
            name,
            component: { template: '<p />' },
        })
    await wrapper.setProps({ obstacles })
    return wrapper
}

test('an obstacle tells its numbers and leads to where it is mended', async () => {
    const wrapper = await shown([UNREVIEWED], ['case-review'])

    expect(wrapper.text()).toContain('4 of 32 cells have not been reviewed; the laboratory allows 0 %.')
    expect(wrapper.get('a').attributes('href')).toBe('/cases/3/case-review')
})

test('a page that is of no case is linked without one', async () => {
    const wrapper = await shown([{ ...UNREVIEWED, reason: 'running' }], ['jobs'])

    expect(wrapper.get('a').attributes('href')).toBe('/jobs')
})

test('an obstacle is told without a link where the page does not exist', async () => {
    const wrapper = await shown([UNREVIEWED], [])

    expect(wrapper.text()).toContain('4 of 32')
    expect(wrapper.find('a').exists()).toBe(false)
})

test('without obstacles it says that the report can be signed', async () => {
    expect((await shown([], [])).text()).toBe('Nothing stands against signing.')
})
