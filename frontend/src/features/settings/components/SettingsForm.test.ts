import { flushPromises } from '@vue/test-utils'
import { expect, test } from 'vitest'
import openapi from '../../../../openapi.json'
import { mountInApp } from '@/testing/mounting'
import { serverAnswers } from '@/testing/server'
import { SETTING_GROUPS, type LabSettings } from '../composables/settingFields'
import SettingsForm from './SettingsForm.vue'

const NOT_TYPED_IN = ['version', 'created_at', 'updated_at']
const SETTINGS: LabSettings = {
    version: 4,
    created_at: '2026-11-01T08:00:00Z',
    updated_at: '2026-11-02T08:00:00Z',
    laboratory: 'Lab',
    max_unreviewed_percent: 0,
    confidence: 0.95,
    min_cells_blood: 100,
    recommended_cells_blood: 200,
    min_cells_marrow: 500,
    max_unidentified_percent: 10,
    nec_mode: 'strict',
    me_includes_blasts: true,
    me_includes_monocytes: true,
    smudge_as_lymphocytes: false,
    m4_granulocytic_percent: 20,
    m4_monocytic_percent: 20,
    m3_numerator: 'abnormal_only',
    raeb_t_at_20: true,
    withhold_when_straddling: true,
}

test('every setting of the server is on the page once', () => {
    const shown = Object.values(SETTING_GROUPS).flatMap((group) => Object.keys(group))
    const known = Object.keys(openapi.components.schemas.LabSettings.properties)

    expect(shown.sort()).toEqual(known.filter((name) => !NOT_TYPED_IN.includes(name)).sort())
})

test('only what was changed is sent, with the version that was read', async () => {
    const calls = serverAnswers({ 'PATCH /api/v1/lab-settings': { body: { ...SETTINGS, version: 5 } } })
    const { wrapper } = await mountInApp(SettingsForm, { props: { settings: SETTINGS } })

    await wrapper.find('#setting-laboratory').setValue('Lab 2')
    await wrapper.find('#setting-smudge_as_lymphocytes').trigger('click')
    await wrapper.find('form').trigger('submit')
    await flushPromises()

    expect(calls.map(({ body }) => body)).toEqual([
        { version: 4, laboratory: 'Lab 2', smudge_as_lymphocytes: true },
    ])
    expect(wrapper.emitted('saved')).toEqual([[{ ...SETTINGS, version: 5 }]])
})

test('an emptied number keeps its value, because none is no setting', async () => {
    const { wrapper } = await mountInApp(SettingsForm, { props: { settings: SETTINGS } })

    await wrapper.find('#setting-min_cells_blood').setValue('')
    await wrapper.find('#setting-min_cells_blood').trigger('change')

    expect(wrapper.find<HTMLInputElement>('#setting-min_cells_blood').element.value).toBe('100')
})
