import { expect, test } from 'vitest'
import { useConclusion } from './useConclusion'

const KEY = 'hemascope.conclusion.7.3'

test('what is typed is there again when the page is opened anew', () => {
    useConclusion(7, 3, () => '').text.value = 'Left shift.'

    const again = useConclusion(7, 3, () => '')

    expect(again.text.value).toBe('Left shift.')
    expect(again.isDraft.value).toBe(true)
})

test.each([
    ['of another case', 7, 4],
    ['of another person', 8, 3],
])('a draft %s stays apart', (_, user, caseId) => {
    useConclusion(7, 3, () => '').text.value = 'Left shift.'

    expect(useConclusion(user, caseId, () => '').text.value).toBe('')
})

test('an amendment begins with the conclusion that was signed, and may empty it', () => {
    const { text, isDraft } = useConclusion(7, 3, () => 'Signed words.')
    expect(text.value).toBe('Signed words.')
    expect(isDraft.value).toBe(false)

    text.value = ''

    expect(text.value).toBe('')
    expect(isDraft.value).toBe(true)
})

test('nothing stays in the browser after signing', () => {
    const { text, forget } = useConclusion(7, 3, () => 'Signed words.')
    text.value = 'Left shift.'
    expect(localStorage.getItem(KEY)).toBe('Left shift.')

    forget()

    expect(localStorage.getItem(KEY)).toBeNull()
    expect(text.value).toBe('Signed words.')
})
