import { nextTick } from 'vue'
import { createI18n } from 'vue-i18n'

export const LOCALES = ['en', 'zh-CN'] as const
export type Locale = (typeof LOCALES)[number]

/** How the API calls the two languages. */
export const LANGUAGE_OF_LOCALE = { en: 'en', 'zh-CN': 'zh' } as const
export const LOCALE_OF_LANGUAGE = { en: 'en', zh: 'zh-CN' } as const

/** Each in its own language. */
export const LOCALE_NAMES: Record<Locale, string> = { en: 'English', 'zh-CN': '中文' }

const LOADERS: Record<Locale, () => Promise<{ default: object }>> = {
    en: () => import('./en'),
    'zh-CN': () => import('./zh-CN'),
}

const numberFormats = {
    percent: { style: 'decimal', minimumFractionDigits: 1, maximumFractionDigits: 1 },
    integer: { style: 'decimal', maximumFractionDigits: 0 },
} as const
const datetimeFormats = {
    date: { year: 'numeric', month: '2-digit', day: '2-digit' },
    minute: {
        year: 'numeric',
        month: '2-digit',
        day: '2-digit',
        hour: '2-digit',
        minute: '2-digit',
        hour12: false,
    },
    time: { hour: '2-digit', minute: '2-digit', hour12: false },
} as const

export const i18n = createI18n({
    legacy: false,
    locale: 'en' as Locale,
    fallbackLocale: false,
    missingWarn: true,
    messages: {},
    numberFormats: { en: numberFormats, 'zh-CN': numberFormats },
    datetimeFormats: { en: datetimeFormats, 'zh-CN': datetimeFormats },
})

/** The language of the browser, as far as we speak it. */
export function browserLocale(): Locale {
    return navigator.language.toLowerCase().startsWith('zh') ? 'zh-CN' : 'en'
}

/** Loads the language (once) and shows the page in it. */
export async function showLocale(locale: Locale): Promise<void> {
    if (!i18n.global.availableLocales.includes(locale)) {
        i18n.global.setLocaleMessage(locale, (await LOADERS[locale]()).default)
    }
    i18n.global.locale.value = locale
    document.documentElement.lang = locale
    await nextTick()
}
