import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, test } from 'vitest'
import { comboOf, DEFAULT_KEYS, isTyping } from './keyCombos'
import { useKeys } from './useKeys'

beforeEach(() => setActivePinia(createPinia()))

test('no two commands have the same key by default', () => {
    const combos = Object.values(DEFAULT_KEYS)
    expect(new Set(combos).size).toBe(combos.length)
})

test.each([
    [{ key: 'a' }, 'a'],
    [{ key: 'A', shiftKey: true }, 'A'],
    [{ key: '?', shiftKey: true }, '?'],
    [{ key: 'Enter', shiftKey: true }, 'Shift+Enter'],
    [{ key: 'Z', ctrlKey: true, shiftKey: true }, 'Ctrl+Shift+z'],
    [{ key: 'z', metaKey: true }, 'Ctrl+z'],
    [{ key: 'Shift', shiftKey: true }, ''],
])('%j is written %s', (event, combo) => {
    expect(comboOf(new KeyboardEvent('keydown', event))).toBe(combo)
})

test('a key that another command has is not given away', () => {
    const keys = useKeys()

    expect(keys.assign('class:monocyte', DEFAULT_KEYS['class:lymphocyte'] ?? '')).toEqual({
        kind: 'taken',
        by: 'class:lymphocyte',
    })
    expect(keys.keys['class:monocyte']).toBe(DEFAULT_KEYS['class:monocyte'])
})

test('a key that moves the focus is not given away', () => {
    expect(useKeys().assign('confirm', 'ArrowDown')).toEqual({ kind: 'reserved' })
})

test('a changed key is kept in the browser, frees the old one, and reset brings it back', () => {
    useKeys().assign('class:monocyte', 'j')
    setActivePinia(createPinia())
    const keys = useKeys()

    expect(keys.commandOf.get('j')).toBe('class:monocyte')
    expect(keys.commandOf.has(DEFAULT_KEYS['class:monocyte'] ?? '')).toBe(false)
    keys.reset()
    expect(keys.keys).toEqual(DEFAULT_KEYS)
    expect(localStorage.getItem('hemascope.keys')).toBeNull()
})

test('no key acts where somebody types', () => {
    document.body.innerHTML =
        '<input id="name" /><input id="tick" type="checkbox" /><div role="dialog"><b id="bold"></b></div><p id="text"></p>'
    const at = (id: string) => document.getElementById(id)

    expect(isTyping(at('name'))).toBe(true)
    expect(isTyping(at('bold'))).toBe(true)
    expect(isTyping(at('tick'))).toBe(false)
    expect(isTyping(at('text'))).toBe(false)
})
