import { expect, test } from 'vitest'
import { defineComponent } from 'vue'
import en from '@/i18n/en'
import { mountInApp } from '@/testing/mounting'
import { SUBJECT_TYPES, useAuditTexts, VERBS } from './useAuditTexts'

interface Texts {
    verbs: Record<string, string>
    subjects: Record<string, string>
}
const texts = en.audit as unknown as Texts

test('everything that can be filtered by has a text, and every text is used', () => {
    const keys = (ids: readonly string[]) => ids.map((id) => id.replace('.', '_')).sort()

    expect(Object.keys(texts.verbs).sort()).toEqual(keys(VERBS))
    expect(Object.keys(texts.subjects).sort()).toEqual(keys(SUBJECT_TYPES))
})

test('what a newer server writes is shown as it is', async () => {
    const { wrapper } = await mountInApp(
        defineComponent({
            setup: useAuditTexts,
            template: "<p>{{ verbText('case.create') }} {{ verbText('case.fly') }}</p>",
        }),
    )

    expect(wrapper.text()).toBe('Case opened case.fly')
})
