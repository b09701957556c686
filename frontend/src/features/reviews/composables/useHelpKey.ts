import { onBeforeUnmount, onMounted } from 'vue'
import { useRouter } from 'vue-router'
import { comboOf, isTyping } from './keyCombos'
import { useKeys } from './useKeys'

/** The key for help opens the list of keys from every page. */
export function useHelpKey(): void {
    const router = useRouter()
    const keys = useKeys()

    function press(event: KeyboardEvent): void {
        if (event.defaultPrevented || isTyping(event.target)) return
        if (keys.commandOf.get(comboOf(event)) !== 'help') return
        event.preventDefault()
        void router.push({ name: 'keyboard' })
    }

    onMounted(() => document.addEventListener('keydown', press))
    onBeforeUnmount(() => document.removeEventListener('keydown', press))
}
