import { flushPromises } from '@vue/test-utils'
import { expect, test } from 'vitest'
import { mountInApp } from '@/testing/mounting'
import { serverAnswers } from '@/testing/server'
import JobsPage from './JobsPage.vue'

const JOB = {
    id: 'a',
    name: 'detect_cells',
    status: 'running',
    attempts: 2,
    max_attempts: 3,
    is_cancel_wanted: false,
    progress_done: 2,
    progress_total: 6,
    error_code: '',
    error_message: '',
    requested_by: 1,
    requested_by_name: 'lin',
    created_at: '2026-11-24T08:00:00Z',
    started_at: null,
    finished_at: null,
}

async function shown(...jobs: object[]) {
    const calls = serverAnswers({
        'GET /api/v1/jobs': { body: { count: jobs.length, results: jobs } },
        'POST /api/v1/jobs/a/cancel': { body: JOB },
    })
    const { wrapper } = await mountInApp(JobsPage)
    await flushPromises()
    return { wrapper, calls, cancel: wrapper.findAll('button').filter((one) => one.text() === 'Cancel') }
}

test('a running job tells how far it is, at which attempt, and can be cancelled', async () => {
    const { wrapper, calls, cancel } = await shown(JOB)

    for (const text of ['Detection', 'Running', '2 / 6', '2 / 3']) expect(wrapper.text()).toContain(text)
    await cancel[0]?.trigger('click')
    await flushPromises()
    const asked = calls.map(({ method, path }) => `${method} ${path}`)
    expect(asked).toEqual(['GET /api/v1/jobs', 'POST /api/v1/jobs/a/cancel', 'GET /api/v1/jobs'])
})

test('a job that was given up tells why', async () => {
    const failed = { ...JOB, status: 'failed', error_code: 'worker_lost', error_message: 'the worker died' }
    const { wrapper, cancel } = await shown(failed)

    expect(wrapper.text()).toContain('the worker died')
    expect(wrapper.text()).toContain('worker_lost')
    expect(cancel).toEqual([])
})

test('a job that is being cancelled is not cancelled again', async () => {
    const { wrapper, cancel } = await shown({ ...JOB, is_cancel_wanted: true })

    expect(wrapper.text()).toContain('Being cancelled')
    expect(cancel).toEqual([])
})
