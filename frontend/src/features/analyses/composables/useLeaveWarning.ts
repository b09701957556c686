import { ElMessageBox } from 'element-plus'
import { onBeforeUnmount, onMounted } from 'vue'
import { useI18n } from 'vue-i18n'
import { onBeforeRouteLeave } from 'vue-router'

/** Asks before the page is left while files are on their way. */
export function useLeaveWarning(isBusy: () => boolean): void {
    const { t } = useI18n()

    function onUnload(event: BeforeUnloadEvent): void {
        if (isBusy()) event.preventDefault()
    }
    onMounted(() => window.addEventListener('beforeunload', onUnload))
    onBeforeUnmount(() => window.removeEventListener('beforeunload', onUnload))

    onBeforeRouteLeave(async () => {
        if (!isBusy()) return true
        return ElMessageBox.confirm(t('analyses.upload.leave'), {
            type: 'warning',
            confirmButtonText: t('analyses.upload.leaveAnyway'),
            cancelButtonText: t('analyses.upload.stay'),
        }).then(
            () => true,
            () => false,
        )
    })
}
