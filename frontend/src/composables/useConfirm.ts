import { ElMessageBox } from 'element-plus'
import { useI18n } from 'vue-i18n'

/** Asks before something that cannot be taken back. True when the person says so. */
export function useConfirm() {
    const { t } = useI18n()

    function confirmed(
        title: string,
        question: string,
        action: string,
        isDangerous = true,
    ): Promise<boolean> {
        return ElMessageBox.confirm(question, title, {
            confirmButtonText: action,
            cancelButtonText: t('app.cancel'),
            confirmButtonClass: isDangerous ? 'el-button--danger' : '',
            type: 'warning',
        }).then(
            () => true,
            () => false, // cancelled or closed
        )
    }

    return { confirmed }
}
