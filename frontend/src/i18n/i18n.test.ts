import { expect, test } from 'vitest'
import en from './en'
import zhCN from './zh-CN'

/** `a.b.c` of every text, with the names of its {placeholders}. */
function texts(messages: object, prefix = ''): Map<string, string> {
    const found = new Map<string, string>()
    for (const [name, value] of Object.entries(messages)) {
        if (typeof value === 'object')
            for (const [key, text] of texts(value as object, `${prefix}${name}.`)) found.set(key, text)
        else found.set(prefix + name, String(value))
    }
    return found
}

const english = texts(en)
const chinese = texts(zhCN)

test('both languages have the same texts', () => {
    expect([...chinese.keys()].sort()).toEqual([...english.keys()].sort())
})

test('a text has the same placeholders in both languages', () => {
    const placeholders = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort()
    for (const [key, text] of english)
        expect(placeholders(chinese.get(key) ?? ''), key).toEqual(placeholders(text))
})

test('no text is empty, and Chinese texts hold no English sentence', () => {
    for (const [key, text] of [...english, ...chinese]) expect(text.trim(), key).not.toBe('')
    for (const [key, text] of chinese)
        expect(/[a-z]{4,} [a-z]{3,} [a-z]{3,}/.test(text), `${key}: ${text}`).toBe(false)
})

// Components and code: text between tags and in attributes that people read must come from these files.
const sources = import.meta.glob<string>(['../**/*.vue'], { query: '?raw', import: 'default', eager: true })

test.each(Object.entries(sources))('%s holds no text of its own', (_, source) => {
    const template = /<template>([\s\S]*)<\/template>/.exec(source)?.[1] ?? ''
    const withoutExpressions = template.replace(/\{\{[\s\S]*?\}\}/g, '').replace(/<!--[\s\S]*?-->/g, '')
    const between = [...withoutExpressions.matchAll(/>([^<>]*)</g)].map((match) => match[1]?.trim() ?? '')
    const attributes = [
        ...template.matchAll(/\s(?:title|label|placeholder|alt|aria-label|description|content)="([^"]*)"/g),
    ]
    const own = [...between, ...attributes.map((match) => match[1] ?? '')].filter((text) =>
        /\p{L}{2,}/u.test(text),
    )
    expect(own.filter((text) => text !== 'Hemascope')).toEqual([])
})

test('every text that a page asks for exists', () => {
    const asked = Object.values(sources).flatMap((source) =>
        [...source.matchAll(/\bt\('([\w.-]+)'/g)].map((match) => match[1] ?? ''),
    )
    expect(asked.filter((key) => !english.has(key))).toEqual([])
})
