import { expect, test } from 'vitest'
import { mountInApp } from '@/testing/mounting'
import KeyboardPage from './KeyboardPage.vue'

async function pageWith(name: string) {
    const { wrapper } = await mountInApp(KeyboardPage)
    return { wrapper, key: wrapper.get(`[aria-label="Change the key of: ${name}"]`) }
}

test('a pressed key is given to the chosen command', async () => {
    const { key } = await pageWith('Monocyte')

    await key.trigger('click')
    await key.trigger('keydown', { key: 'j' })

    expect(key.text()).toBe('j')
    expect(localStorage.getItem('hemascope.keys.0')).toBe('{"class:monocyte":"j"}')
})

test('a key of something else is refused, and what has it is named', async () => {
    const { wrapper, key } = await pageWith('Monocyte')

    await key.trigger('click')
    await key.trigger('keydown', { key: 'Enter' })

    expect(wrapper.get('[role="alert"]').text()).toBe('Enter already belongs to: Confirm the selected cells')
    expect(key.text()).toBe('9')
})

test('Esc leaves the key as it is', async () => {
    const { wrapper, key } = await pageWith('Monocyte')

    await key.trigger('click')
    await key.trigger('keydown', { key: 'Escape' })

    expect(key.text()).toBe('9')
    expect(wrapper.find('[role="alert"]').exists()).toBe(false)
})

test('the keys of the field are told, and nothing changes them', async () => {
    const { wrapper } = await pageWith('Monocyte')
    const row = wrapper.findAll('li').find((one) => one.text().startsWith('Zoom in'))

    expect(row?.findAll('kbd').map((key) => key.text())).toEqual(['+', '='])
    expect(row?.find('button').exists()).toBe(false)
})
