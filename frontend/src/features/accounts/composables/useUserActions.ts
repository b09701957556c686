import { ref, shallowRef } from 'vue'
import { useI18n } from 'vue-i18n'
import { useQueryClient } from '@tanstack/vue-query'
import { ElMessage } from 'element-plus'
import { useConfirm } from '@/composables/useConfirm'
import { useReporting } from '@/composables/useReporting'
import type { UserAction } from '../components/UserActions.vue'
import { passwordReset, userUnlock, userUpdate, type User } from './useUsers'

/** Which dialog is open for whom, and what is asked for without one. */
export function useUserActions() {
    const { t } = useI18n()
    const { confirmed } = useConfirm()
    const { reporting } = useReporting()
    const queries = useQueryClient()
    const edited = shallowRef<User | null>(null)
    const approved = shallowRef<User | null>(null)
    const handedOver = ref<{ username: string; password: string } | null>(null)

    function reload(): Promise<void> {
        return queries.invalidateQueries({ queryKey: ['users'] })
    }

    function sure(action: 'reset' | 'deactivate', name: string): Promise<boolean> {
        const title = t(`accounts.users.${action}`)
        return confirmed(title, t(`accounts.users.${action}Question`, { name }), title)
    }

    async function reset({ id, username }: User): Promise<void> {
        if (!(await sure('reset', username))) return
        await reporting(async () => {
            handedOver.value = { username, password: await passwordReset(id) }
        })
        await reload() // it also unlocks
    }

    async function setActive({ id, username }: User, isActive: boolean): Promise<void> {
        if (!isActive && !(await sure('deactivate', username))) return
        await reporting(() => userUpdate(id, { is_active: isActive }))
        await reload()
    }

    async function unlock({ id, username }: User): Promise<void> {
        await reporting(async () => {
            await userUnlock(id)
            ElMessage.success(t('accounts.users.unlocked', { name: username }))
        })
        await reload()
    }

    async function choose(action: UserAction, user: User): Promise<void> {
        if (action === 'edit') edited.value = user
        else if (action === 'approve') approved.value = user
        else if (action === 'reset') await reset(user)
        else if (action === 'unlock') await unlock(user)
        else await setActive(user, action === 'activate')
    }

    return { edited, approved, handedOver, choose, reload }
}
