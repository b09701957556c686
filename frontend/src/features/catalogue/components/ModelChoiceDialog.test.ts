import { DOMWrapper, flushPromises } from '@vue/test-utils'
import { afterEach, expect, test } from 'vitest'
import { mountInApp } from '@/testing/mounting'
import { serverAnswers } from '@/testing/server'
import type { ActiveModel } from '../composables/useModels'
import ModelChoiceDialog from './ModelChoiceDialog.vue'

afterEach(() => (document.body.innerHTML = ''))

const ACTIVE: ActiveModel = {
    specimen: 'bone-marrow',
    task: 'classification',
    number: 2,
    bundle: 'classifier-light',
    sha256: null,
    by: null,
    at: null,
}

const inDialog = new DOMWrapper(document.body) // dialogs are no children of the component

async function submit(): Promise<void> {
    await inDialog.find('form').trigger('submit')
    await flushPromises()
}

test('after somebody was quicker the reason stays, and the next try is about what holds now', async () => {
    let number = 2
    const calls = serverAnswers({
        'GET /api/v1/bundles': { body: [] },
        'GET /api/v1/active-models': () => ({ body: [{ ...ACTIVE, number }] }),
        'POST /api/v1/activations/roll-back': ({ body }) =>
            (body as ActiveModel).number === number
                ? { status: 201, body: {} }
                : {
                      status: 409,
                      body: { code: 'stale_version', message: 'somebody else chose', detail: {} },
                  },
    })
    await mountInApp(ModelChoiceDialog, { props: { active: ACTIVE, isRollBack: true } })
    await flushPromises()
    const reason = inDialog.find<HTMLTextAreaElement>('#reason')
    await reason.setValue('Was a trial.')

    number = 3
    await submit()
    expect(reason.element.value).toBe('Was a trial.')
    await submit()

    const sent = calls.filter(({ method }) => method === 'POST').map(({ body }) => body)
    const expected = { specimen: 'bone-marrow', task: 'classification', reason: 'Was a trial.' }
    expect(sent).toEqual([
        { ...expected, number: 2 },
        { ...expected, number: 3 },
    ])
})
