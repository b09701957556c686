import { onBeforeUnmount, onMounted, type Ref } from 'vue'
import { useI18n } from 'vue-i18n'
import { useRouter } from 'vue-router'
import { useConfirm } from './useConfirm'

/** Asks before a page with unsaved input is left, also where the browser's window is closed. */
export function useLeaveGuard(isUnsaved: Ref<boolean>): void {
    const { t } = useI18n()
    const { confirmed } = useConfirm()
    const stop = useRouter().beforeEach((to, from) => {
        if (!isUnsaved.value || to.path === from.path) return true
        return confirmed(t('app.unsavedTitle'), t('app.unsaved'), t('app.leave'))
    })

    function onUnload(event: BeforeUnloadEvent): void {
        if (isUnsaved.value) event.preventDefault()
    }

    onMounted(() => window.addEventListener('beforeunload', onUnload))
    onBeforeUnmount(() => {
        stop()
        window.removeEventListener('beforeunload', onUnload)
    })
}
