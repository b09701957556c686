import { onBeforeUnmount, onMounted } from 'vue'
import { comboOf, isTyping, type Command } from './keyCombos'
import { useKeys } from './useKeys'

/** Runs the command of a pressed key while the page is shown; `run` is false where it does not know the command. */
export function useReviewKeys(
    run: (command: Command) => boolean,
    move: (event: KeyboardEvent) => boolean,
): void {
    const keys = useKeys()

    function press(event: KeyboardEvent): void {
        if (event.defaultPrevented || isTyping(event.target)) return
        const combo = comboOf(event)
        if (!combo) return
        const isControl =
            event.target instanceof HTMLElement && event.target.closest('button, a, input') !== null
        if (isControl && (combo === 'Enter' || combo === ' ')) return // the button itself is meant
        const command = keys.commandOf.get(combo)
        if (command ? run(command) : move(event)) event.preventDefault()
    }

    onMounted(() => document.addEventListener('keydown', press))
    onBeforeUnmount(() => document.removeEventListener('keydown', press))
}
