import { createApp } from 'vue'
import { createPinia } from 'pinia'
import { VueQueryPlugin } from '@tanstack/vue-query'
import App from './App.vue'
import { onSignedOut } from './api/client'
import { queryClient } from './api/queries'
import { i18n, showLocale } from './i18n'
import { router } from './router'
import { usePreferences } from './stores/preferences'
import { useSession } from './stores/session'
import './styles/tokens.css'

const app = createApp(App).use(createPinia()).use(i18n).use(VueQueryPlugin, { queryClient })
await showLocale(usePreferences().locale)
onSignedOut(() => {
    const session = useSession()
    if (!session.isSignedIn) return
    session.forget()
    queryClient.clear() // nothing of one person's work is shown to the next
    void router.push({ name: 'sign-in', query: { next: router.currentRoute.value.fullPath } })
})
app.use(router).mount('#app')
