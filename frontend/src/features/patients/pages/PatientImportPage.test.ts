import { readFileSync } from 'node:fs'
import { flushPromises, RouterLinkStub } from '@vue/test-utils'
import { expect, test } from 'vitest'
import en from '@/i18n/en/patients.json'
import zh from '@/i18n/zh-CN/patients.json'
import { mountInApp } from '@/testing/mounting'
import { serverAnswers } from '@/testing/server'
import PatientImportFile from '../components/PatientImportFile.vue'
import PatientImportPage from './PatientImportPage.vue'

const FAULT = { row: 3, field: 'name', value: '', code: 'blank', message: 'This field cannot be blank.' }
const GOOD = {
    hospital_number: 'A1',
    name: 'Li',
    id_card: '',
    phone: '',
    sex: 'male',
    birth_date: null,
    keywords: '',
}
const CHECKED = {
    row_count: 2,
    valid_count: 1,
    fault_count: 1,
    imported_count: 0,
    ignored_columns: ['ward'],
    faults: [FAULT],
    preview: [GOOD],
}

async function pageWith(answer: object, status = 200) {
    const modes: string[] = []
    serverAnswers({
        'POST /api/v1/patients/import': ({ body }) => {
            modes.push(/name="mode"\s+(\w+)/.exec(String(body))?.[1] ?? '')
            return { status, body: modes.length > 1 ? { ...answer, imported_count: 1 } : answer }
        },
    })
    const { wrapper } = await mountInApp(PatientImportPage, {
        global: { stubs: { RouterLink: RouterLinkStub } },
    })
    wrapper.getComponent(PatientImportFile).vm.$emit('chosen', new File(['x'], 'list.csv'))
    await flushPromises()
    return { wrapper, modes }
}

test('choosing a file imports nothing and says which row has which mistake', async () => {
    const { wrapper, modes } = await pageWith(CHECKED)

    expect(modes).toEqual(['preview'])
    const row = wrapper.get('[aria-label="Rows with a mistake"] tbody tr').text()
    expect(row).toContain('3')
    expect(row).toContain('Name')
    expect(row).toContain('Must not be empty')
    expect(wrapper.text()).toContain('Columns that are not imported: ward')
})

test('the good rows of a file with mistakes are imported when asked for', async () => {
    const { wrapper, modes } = await pageWith(CHECKED)

    await wrapper.get('.decision button').trigger('click')
    await flushPromises()

    expect(modes).toEqual(['preview', 'valid'])
    expect(wrapper.text()).toContain('Patients imported: 1')
})

test('a file without mistakes is imported as a whole or not at all', async () => {
    const { wrapper, modes } = await pageWith({ ...CHECKED, row_count: 1, fault_count: 0, faults: [] })

    await wrapper.get('.decision button').trigger('click')
    await flushPromises()

    expect(modes).toEqual(['preview', 'all'])
})

test('a file that is no table is refused in the words of the server', async () => {
    const { wrapper } = await pageWith({ code: 'sheet', message: 'the file is empty', detail: {} }, 400)

    expect(wrapper.get('[role="alert"]').text()).toContain('the file is empty')
})

test('the server understands every column name of the template', () => {
    const table = readFileSync('../src/hemascope/web/patients/sheets/columns.py', 'utf8')
    for (const names of [en.import.columns, zh.import.columns])
        for (const name of Object.values(names)) expect(table).toContain(`"${name}"`)
})
