import { ref, watch } from 'vue'

const STORAGE_KEY = 'hemascope.tileSize'
const SMALLEST = 64
const LARGEST = 192
const STEP = 16

/** How large the pictures of the gallery are, in pixels; kept in the browser. */
export function useTileSize() {
    const size = ref(Number(localStorage.getItem(STORAGE_KEY)) || 96)

    function resize(steps: number): void {
        size.value = Math.min(LARGEST, Math.max(SMALLEST, size.value + steps * STEP))
    }

    watch(size, (wanted) => localStorage.setItem(STORAGE_KEY, String(wanted)))
    return { size, resize }
}
