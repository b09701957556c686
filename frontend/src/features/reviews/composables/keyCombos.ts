/** Keys of the review: what each does, how one is written, and which clash. */
import { CELL_CLASSES } from '@/taxonomy'

export const ACTIONS = {
    confirm: 'Enter',
    confirmAll: 'Shift+Enter',
    unconfirm: 'Backspace',
    delete: 'Delete',
    undo: 'Ctrl+z',
    redo: 'Ctrl+Shift+z',
    selectGroup: 'Ctrl+a',
    clear: 'Escape',
    lasso: 'q',
    bigger: '+',
    smaller: '-',
    help: '?',
} as const
export type ReviewAction = keyof typeof ACTIONS

/** `confirm`, or `class:myeloblast` */
export type Command = string
export const CLASS_PREFIX = 'class:'

export const DEFAULT_KEYS: Readonly<Record<Command, string>> = {
    ...ACTIONS,
    ...Object.fromEntries(
        CELL_CLASSES.flatMap(({ id, key }) => (key ? [[CLASS_PREFIX + id, key] as const] : [])),
    ),
}

/** They move the focus and select, on every page. */
const RESERVED = new Set([
    'Tab',
    'Shift+Tab',
    ' ',
    'ArrowUp',
    'ArrowDown',
    'ArrowLeft',
    'ArrowRight',
    'Home',
    'End',
    'PageUp',
    'PageDown',
])
const MODIFIERS = new Set(['Shift', 'Control', 'Alt', 'Meta', 'CapsLock', 'AltGraph', 'Process', 'Dead'])

/** `A`, `Ctrl+Shift+z`, `Shift+Enter`; empty while only modifiers are held. */
export function comboOf(event: KeyboardEvent): string {
    if (MODIFIERS.has(event.key) || event.isComposing) return ''
    const isCtrl = event.ctrlKey || event.metaKey
    const isCharacter = event.key.length === 1
    const key = isCharacter && isCtrl ? event.key.toLowerCase() : event.key
    const isShiftTold = event.shiftKey && (!isCharacter || isCtrl) // a character tells of Shift by itself
    return `${isCtrl ? 'Ctrl+' : ''}${event.altKey ? 'Alt+' : ''}${isShiftTold ? 'Shift+' : ''}${key}`
}

export type Clash = { kind: 'reserved' } | { kind: 'taken'; by: Command }

/** Why the key cannot be given to the command; undefined: it can. */
export function clashOf(
    keys: Readonly<Record<Command, string>>,
    command: Command,
    combo: string,
): Clash | undefined {
    if (RESERVED.has(combo)) return { kind: 'reserved' }
    const by = Object.keys(keys).find((other) => other !== command && keys[other] === combo)
    return by ? { kind: 'taken', by } : undefined
}

const TYPING =
    'input:not([type="checkbox"], [type="radio"]), textarea, select, [contenteditable=""], [contenteditable="true"], [role="dialog"]'

/** Whether the event comes from where somebody types or chooses. */
export function isTyping(target: EventTarget | null): boolean {
    return target instanceof HTMLElement && target.closest(TYPING) !== null
}
