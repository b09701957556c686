import { nextTick } from 'vue'
import { expect, test } from 'vitest'
import { useConclusionDraft } from './useConclusionDraft'

test('a conclusion that is not signed is still there when the page is opened again', async () => {
    const conclusion = useConclusionDraft(7)
    conclusion.value = 'Blasts of lymphoid look.'
    await nextTick()
    expect(useConclusionDraft(7).value).toBe('Blasts of lymphoid look.')
    expect(useConclusionDraft(8).value).toBe('')
})

test('a conclusion that was signed leaves nothing behind', async () => {
    const conclusion = useConclusionDraft(7)
    conclusion.value = 'Normal.'
    await nextTick()
    conclusion.value = ''
    await nextTick()
    expect(localStorage.length).toBe(0)
})
