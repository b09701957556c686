import { computed, ref, watch } from 'vue'

export const MAX_CONCLUSION = 4000 // characters, as the server takes them

/**
 * The conclusion that a person writes for a case: kept in this browser until it is signed, so that nothing typed is
 * lost. Before anything is typed it is the one that was signed last.
 */
export function useConclusion(userId: number, caseId: number, signedLast: () => string) {
    const key = `hemascope.conclusion.${userId}.${caseId}`
    const typed = ref(localStorage.getItem(key))
    const text = computed({
        get: () => typed.value ?? signedLast(),
        set: (value: string) => (typed.value = value),
    })
    const isDraft = computed(() => typed.value !== null && typed.value !== signedLast())

    watch(
        typed,
        (value) => {
            if (value === null) localStorage.removeItem(key)
            else localStorage.setItem(key, value)
        },
        { flush: 'sync' },
    )

    /** After signing: what was typed is in the report now. */
    function forget(): void {
        typed.value = null
    }

    return { text, isDraft, forget }
}
