import { computed, ref, watch } from 'vue'
import { defineStore } from 'pinia'
import { useSession } from '@/stores/session'
import { clashOf, DEFAULT_KEYS, type Clash, type Command } from './keyCombos'

function stored(storageKey: string): Record<Command, string> {
    const text = localStorage.getItem(storageKey)
    const found = text ? (JSON.parse(text) as Record<Command, string>) : {}
    return Object.fromEntries(Object.entries(found).filter(([command]) => command in DEFAULT_KEYS))
}

/** The keys of one person on this browser: those of the table, and what that person changed. */
export const useKeys = defineStore('keys', () => {
    const session = useSession()
    const storageKey = computed(() => `hemascope.keys.${session.user?.id ?? 0}`)
    const changed = ref<Record<Command, string>>({})
    watch(storageKey, (key) => (changed.value = stored(key)), { immediate: true, flush: 'sync' })
    const keys = computed<Record<Command, string>>(() => ({ ...DEFAULT_KEYS, ...changed.value }))
    const commandOf = computed(
        () => new Map(Object.entries(keys.value).map(([command, combo]) => [combo, command])),
    )
    const isChanged = computed(() => Object.keys(changed.value).length > 0)

    function store(next: Record<Command, string>): void {
        changed.value = next
        if (Object.keys(next).length) localStorage.setItem(storageKey.value, JSON.stringify(next))
        else localStorage.removeItem(storageKey.value)
    }

    /** Gives the command another key, unless it clashes: then nothing changes. */
    function assign(command: Command, combo: string): Clash | undefined {
        const clash = clashOf(keys.value, command, combo)
        if (clash) return clash
        const others = Object.entries(changed.value).filter(([other]) => other !== command)
        const isDefault = DEFAULT_KEYS[command] === combo
        store(Object.fromEntries(isDefault ? others : [...others, [command, combo]]))
        return undefined
    }

    return { keys, commandOf, isChanged, assign, reset: () => store({}) }
})
