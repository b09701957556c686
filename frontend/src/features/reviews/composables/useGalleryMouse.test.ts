import { ref } from 'vue'
import { expect, test } from 'vitest'
import { useGalleryMouse } from './useGalleryMouse'
import { useSelection } from './useSelection'

/** A gallery of the cells 1 and 2, and a mouse in it. */
function gallery() {
    const selection = useSelection(ref([1, 2]))
    const mouse = useGalleryMouse(selection)
    function at(cell: number, movementX = 0): MouseEvent {
        const tile = document.createElement('div')
        tile.dataset.cell = String(cell)
        const event = new MouseEvent('mousemove', { movementX })
        Object.defineProperty(event, 'target', { value: tile })
        return event
    }
    return { selection, mouse, at }
}

test('the cell that the mouse comes over is the one that a key means', () => {
    const { selection, mouse, at } = gallery()
    selection.current.value = 1

    mouse.mouseover(at(2))
    expect(selection.targets.value).toEqual([2])
    mouse.mouseleave()
    expect(selection.targets.value).toEqual([1])
})

test('a cell that keys scroll under a resting mouse is not meant, also where the browser tells of a move', () => {
    const { selection, mouse, at } = gallery()
    mouse.mouseover(at(2))

    selection.current.value = 1
    selection.restMouse()
    mouse.mouseover(at(2))
    mouse.mousemove(at(2))

    expect(selection.targets.value).toEqual([1])
})

test.each(['mousemove', 'wheel'] as const)('%s lets the mouse point again', (name) => {
    const { selection, mouse, at } = gallery()
    selection.current.value = 1
    selection.restMouse()

    mouse[name](at(2, 3))

    expect(selection.targets.value).toEqual([2])
})
