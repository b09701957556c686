import { defineComponent } from 'vue'
import { afterEach, expect, test } from 'vitest'
import { mountInApp } from '@/testing/mounting'
import { useReviewKeys } from './useReviewKeys'

let leave = () => {}
afterEach(() => leave())

/** A page that notes what its keys do. */
async function pageWithKeys() {
    const done: string[] = []
    const page = defineComponent({
        setup() {
            useReviewKeys(
                (command) => done.push(command) > 0,
                (event) => event.key.startsWith('Arrow') && done.push(event.key) > 0,
            )
        },
        template: '<button>OK</button><input />',
    })
    const { wrapper } = await mountInApp(page)
    leave = () => wrapper.unmount()
    function press(key: string, init: KeyboardEventInit = {}, at: Element = document.body): KeyboardEvent {
        const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...init })
        at.dispatchEvent(event)
        return event
    }
    return { done, press, find: (name: string) => wrapper.find(name).element }
}

test('a key that is held names one cell and no second', async () => {
    const { done, press } = await pageWithKeys()

    press('9')
    expect(press('9', { repeat: true }).defaultPrevented).toBe(true)

    expect(done).toEqual(['class:monocyte'])
})

test('movement and the size of the pictures go on while their key is held', async () => {
    const { done, press } = await pageWithKeys()

    for (const key of ['ArrowDown', '+']) {
        press(key)
        press(key, { repeat: true })
    }

    expect(done).toEqual(['ArrowDown', 'ArrowDown', 'bigger', 'bigger'])
})

test('a key in an input and Enter on a button mean these', async () => {
    const { done, press, find } = await pageWithKeys()

    press('9', {}, find('input'))
    press('Enter', {}, find('button'))
    expect(done).toEqual([])
    press('9', {}, find('button'))
    expect(done).toEqual(['class:monocyte'])
})
