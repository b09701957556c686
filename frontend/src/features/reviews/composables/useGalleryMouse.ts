import type { Selection } from './useSelection'

export function cellAt(target: EventTarget | null): number | null {
    const tile = (target as Element | null)?.closest<HTMLElement>('[data-cell]')
    return tile ? Number(tile.dataset.cell) : null
}

/**
 * Listeners that tell which cell the mouse points at. Browsers report a mouse that rests as being over whatever the keys
 * scroll under it; a class would then be given to that cell and not to the one with the focus.
 */
export function useGalleryMouse({ hovered, isMouseResting }: Selection) {
    function stir(event: MouseEvent): void {
        isMouseResting.value = false
        hovered.value = cellAt(event.target)
    }

    return {
        mouseover: (event: MouseEvent) => {
            if (!isMouseResting.value) hovered.value = cellAt(event.target)
        },
        mousemove: (event: MouseEvent) => {
            if (isMouseResting.value && (event.movementX || event.movementY)) stir(event)
        },
        mouseleave: () => (hovered.value = null),
        wheel: stir,
    }
}
