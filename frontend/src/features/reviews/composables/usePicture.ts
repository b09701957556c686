import { computed, onScopeDispose, ref } from 'vue'

const FIRST_PAUSE_MS = 2_000
const ATTEMPTS = 5

/** A picture that is asked for again, ever later, where the server refused it for its haste or could not be reached. */
export function usePicture(address: () => string) {
    const failures = ref(0)
    let timer: ReturnType<typeof setTimeout> | undefined

    const src = computed(() => (failures.value ? `${address()}&again=${failures.value}` : address()))

    function failed(): void {
        if (failures.value + 1 >= ATTEMPTS) return
        timer = setTimeout(() => failures.value++, FIRST_PAUSE_MS * 2 ** failures.value)
    }

    onScopeDispose(() => clearTimeout(timer))
    return { src, failed }
}
