/** What the keys of the field viewer do; `KeyboardEvent.key` to action. */
export type FieldKeyAction =
    | 'zoomIn'
    | 'zoomOut'
    | 'left'
    | 'right'
    | 'up'
    | 'down'
    | 'fit'
    | 'hide'
    | 'next'
    | 'previous'
    | 'draw'
    | 'remove'
    | 'undo'
    | 'redo'
    | 'leave'

/** What a reader without the right to change cells cannot do. */
export const EDITING_ACTIONS: ReadonlySet<FieldKeyAction> = new Set(['draw', 'remove', 'undo', 'redo'])

const KEYS = new Map<string, FieldKeyAction>([
    ['+', 'zoomIn'],
    ['=', 'zoomIn'],
    ['-', 'zoomOut'],
    ['ArrowLeft', 'left'],
    ['ArrowRight', 'right'],
    ['ArrowUp', 'up'],
    ['ArrowDown', 'down'],
    ['0', 'fit'],
    ['h', 'hide'],
    ['n', 'next'],
    ['p', 'previous'],
    ['b', 'draw'],
    ['Delete', 'remove'],
    ['Escape', 'leave'],
])
const CONTROL_KEYS: Record<string, FieldKeyAction> = { z: 'undo', y: 'redo' }

const SIGNS: Record<string, string> = {
    ArrowLeft: '←',
    ArrowRight: '→',
    ArrowUp: '↑',
    ArrowDown: '↓',
    Escape: 'Esc',
}

/** How the keys of each action are written, in the order of their table. */
export function keysByAction(): Map<FieldKeyAction, string[]> {
    const found = new Map<FieldKeyAction, string[]>()
    const add = (action: FieldKeyAction, key: string) =>
        found.set(action, [...(found.get(action) ?? []), key])
    for (const [key, action] of KEYS)
        add(action, SIGNS[key] ?? key.replace(/^[a-z]$/, (letter) => letter.toUpperCase()))
    for (const [key, action] of Object.entries(CONTROL_KEYS)) add(action, `Ctrl+${key.toUpperCase()}`)
    add('redo', 'Ctrl+Shift+Z')
    return found
}

/** The action of a pressed key; undefined leaves the key to the browser. */
export function actionOfKey(event: KeyboardEvent): FieldKeyAction | undefined {
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key
    if (event.altKey) return undefined
    if (!event.ctrlKey && !event.metaKey) return KEYS.get(key)
    return key === 'z' && event.shiftKey ? 'redo' : CONTROL_KEYS[key]
}
