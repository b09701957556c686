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

const KEYS: Record<string, FieldKeyAction> = {
    '+': 'zoomIn',
    '=': 'zoomIn',
    '-': 'zoomOut',
    ArrowLeft: 'left',
    ArrowRight: 'right',
    ArrowUp: 'up',
    ArrowDown: 'down',
    '0': 'fit',
    h: 'hide',
    n: 'next',
    p: 'previous',
    b: 'draw',
    Delete: 'remove',
    Escape: 'leave',
}
const CONTROL_KEYS: Record<string, FieldKeyAction> = { z: 'undo', y: 'redo' }

/** The action of a pressed key; undefined leaves the key to the browser. */
export function actionOfKey(event: KeyboardEvent): FieldKeyAction | undefined {
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key
    if (event.altKey) return undefined
    if (!event.ctrlKey && !event.metaKey) return KEYS[key]
    return key === 'z' && event.shiftKey ? 'redo' : CONTROL_KEYS[key]
}
