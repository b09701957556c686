import { computed, ref, shallowRef, type Ref } from 'vue'

export interface Modifiers {
    ctrlKey: boolean
    metaKey: boolean
    shiftKey: boolean
}

/** Which cells are selected, and which one the mouse or the focus is on. `order` is the order on the page. */
export function useSelection(order: Ref<readonly number[]>) {
    const chosen = shallowRef<ReadonlySet<number>>(new Set())
    /** the cell of the side panel and of the focus */
    const current = ref<number | null>(null)
    const hovered = ref<number | null>(null)
    let anchor: number | null = null

    /** What left the page by a filter or a colleague's change is not acted on. */
    const selected = computed(() => order.value.filter((id) => chosen.value.has(id)))
    /** Where nothing is selected the cell under the mouse counts, else the one with the focus. */
    const targets = computed(() => {
        if (selected.value.length) return selected.value
        const one = hovered.value ?? current.value
        return one !== null && order.value.includes(one) ? [one] : []
    })

    function range(from: number, to: number): number[] {
        const ends = [order.value.indexOf(from), order.value.indexOf(to)].sort((a, b) => a - b)
        return order.value.slice(ends[0], (ends[1] ?? 0) + 1)
    }

    function click(id: number, { ctrlKey, metaKey, shiftKey }: Modifiers): void {
        const isAdding = ctrlKey || metaKey
        if (shiftKey && anchor !== null && order.value.includes(anchor)) {
            add(range(anchor, id), isAdding)
        } else {
            if (isAdding) toggle(id)
            else chosen.value = new Set([id])
            anchor = id
        }
        current.value = id
    }

    function toggle(id: number): void {
        const next = new Set(chosen.value)
        if (!next.delete(id)) next.add(id)
        chosen.value = next
    }

    /** Selects these, beside what is selected or instead of it. */
    function add(ids: readonly number[], keepsOthers: boolean): void {
        chosen.value = new Set(keepsOthers ? [...chosen.value, ...ids] : ids)
    }

    function clear(): void {
        chosen.value = new Set()
    }

    /** Before cells leave their place: the focus goes to the next that stays. */
    function leave(ids: readonly number[]): void {
        const leaving = new Set(ids)
        const from = order.value.indexOf(ids.at(-1) ?? -1)
        const after = order.value.slice(from + 1).find((id) => !leaving.has(id))
        const next = after ?? order.value.slice(0, from).findLast((id) => !leaving.has(id)) ?? null
        current.value = next
        if (hovered.value !== null && leaving.has(hovered.value)) hovered.value = next
        clear()
    }

    return { chosen, selected, targets, current, hovered, click, toggle, add, clear, leave }
}
