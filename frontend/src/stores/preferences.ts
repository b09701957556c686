import { ref, watch } from 'vue'
import { defineStore } from 'pinia'
import { browserLocale, LOCALES, showLocale, type Locale } from '@/i18n'

const LOCALE_KEY = 'hemascope.locale'
const SIDEBAR_KEY = 'hemascope.sidebar'

function storedLocale(): Locale {
    const stored = localStorage.getItem(LOCALE_KEY)
    return LOCALES.find((locale) => locale === stored) ?? browserLocale()
}

/** What one person likes on this browser; kept there. */
export const usePreferences = defineStore('preferences', () => {
    const locale = ref<Locale>(storedLocale())
    const isSidebarNarrow = ref(localStorage.getItem(SIDEBAR_KEY) === 'narrow')

    async function setLocale(wanted: Locale): Promise<void> {
        await showLocale(wanted)
        locale.value = wanted
        localStorage.setItem(LOCALE_KEY, wanted)
    }

    watch(isSidebarNarrow, (narrow) => localStorage.setItem(SIDEBAR_KEY, narrow ? 'narrow' : 'wide'))

    return { locale, setLocale, isSidebarNarrow }
})
