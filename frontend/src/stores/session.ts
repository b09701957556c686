import { computed, ref } from 'vue'
import { defineStore } from 'pinia'
import { api, data } from '@/api/client'
import type { Schema } from '@/api/types'
import { LANGUAGE_OF_LOCALE, type Locale } from '@/i18n'

export type Right = Schema<'RightsEnum'>

/** Who is signed in, and what that person may do. Nothing of it is stored in the browser. */
export const useSession = defineStore('session', () => {
    const user = ref<Schema<'User'> | null>(null)
    const rights = ref<ReadonlySet<string>>(new Set())
    const isLoaded = ref(false)
    const isSignedIn = computed(() => user.value !== null)

    function take(session: Schema<'Session'>): void {
        user.value = session.user
        rights.value = new Set(session.rights)
        isLoaded.value = true
    }

    async function load(): Promise<void> {
        take(await data(api.GET('/api/v1/session')))
    }

    async function signIn(credentials: Schema<'SignInInputRequest'>): Promise<void> {
        take(await data(api.POST('/api/v1/session', { body: credentials })))
    }

    async function signOut(): Promise<void> {
        await api.DELETE('/api/v1/session')
        forget()
    }

    function forget(): void {
        user.value = null
        rights.value = new Set()
    }

    /** The account as a change has left it. */
    function takeUser(changed: Schema<'User'>): void {
        user.value = changed
    }

    async function saveLocale(locale: Locale): Promise<void> {
        takeUser(await data(api.PATCH('/api/v1/me', { body: { language: LANGUAGE_OF_LOCALE[locale] } })))
    }

    function may(right: Right): boolean {
        return rights.value.has(right)
    }

    return { user, isLoaded, isSignedIn, load, signIn, signOut, forget, takeUser, saveLocale, may }
})
