import { computed, ref } from 'vue'
import { defineStore } from 'pinia'
import { clashOf, DEFAULT_KEYS, type Clash, type Command } from './keyCombos'

const STORAGE_KEY = 'hemascope.keys'

function stored(): Record<Command, string> {
    const text = localStorage.getItem(STORAGE_KEY)
    const found = text ? (JSON.parse(text) as Record<Command, string>) : {}
    return Object.fromEntries(Object.entries(found).filter(([command]) => command in DEFAULT_KEYS))
}

/** The keys of this browser: those of the table, and what the reader changed. */
export const useKeys = defineStore('keys', () => {
    const changed = ref(stored())
    const keys = computed<Record<Command, string>>(() => ({ ...DEFAULT_KEYS, ...changed.value }))
    const commandOf = computed(
        () => new Map(Object.entries(keys.value).map(([command, combo]) => [combo, command])),
    )
    const isChanged = computed(() => Object.keys(changed.value).length > 0)

    function store(next: Record<Command, string>): void {
        changed.value = next
        if (Object.keys(next).length) localStorage.setItem(STORAGE_KEY, JSON.stringify(next))
        else localStorage.removeItem(STORAGE_KEY)
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
