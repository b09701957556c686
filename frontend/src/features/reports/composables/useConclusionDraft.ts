import { ref, watch } from 'vue'

/** The conclusion that is being written for a case: kept in the browser until it is signed. */
export function useConclusionDraft(caseId: number) {
    const key = `hemascope.conclusion.${caseId}`
    const conclusion = ref(localStorage.getItem(key) ?? '')

    watch(conclusion, (text) => {
        if (text) localStorage.setItem(key, text)
        else localStorage.removeItem(key)
    })

    return conclusion
}
