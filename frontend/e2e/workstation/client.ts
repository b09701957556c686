/** The API as one of the accounts: what a test needs to have before the page is opened, and what the page should show. */
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { request, type APIRequestContext } from '@playwright/test'
import type { Schema } from '../../src/api/types'
import { place, stateFile, type Account } from './place'

const PATIENCE_MS = 60_000
type CellVersion = Pick<Schema<'Cell'>, 'id' | 'version'>

export class Client {
    private constructor(private readonly requests: APIRequestContext) {}

    static async of(account: Account): Promise<Client> {
        const { url, folder } = place()
        const storageState = stateFile(folder, account)
        const { cookies } = JSON.parse(readFileSync(storageState, 'utf8')) as {
            cookies: { name: string; value: string }[]
        }
        const token = cookies.find(({ name }) => name === 'csrftoken')?.value ?? ''
        return new Client(
            await request.newContext({
                baseURL: `${url}/api/v1/`,
                storageState,
                extraHTTPHeaders: { 'X-CSRFToken': token },
            }),
        )
    }

    async get<T>(address: string): Promise<T> {
        return this.answer<T>('GET', address)
    }

    async post<T>(address: string, data?: object): Promise<T> {
        return this.answer<T>('POST', address, { data })
    }

    /** A file as the server sends it. */
    async file(address: string): Promise<Buffer> {
        return (await this.requests.get(address)).body()
    }

    async newCase(patientName: string): Promise<Schema<'Case'>> {
        const hospital_number = `E2E-${String(Date.now()).slice(-8)}`
        const patient = await this.post<Schema<'Patient'>>('patients', { hospital_number, name: patientName })
        const specimen = { specimen: 'peripheral-blood', collected_on: '2026-01-15' }
        return this.post<Schema<'Case'>>('cases', { patient: patient.id, ...specimen })
    }

    async upload(caseId: number, files: { name: string; buffer: Buffer }[]): Promise<void> {
        const form = new FormData()
        for (const { name, buffer } of files)
            form.append('files', new File([new Uint8Array(buffer)], name, { type: 'image/jpeg' }))
        await this.answer('POST', `cases/${caseId}/fields`, { multipart: form })
    }

    /** Finds and names the cells of all fields; returns when both runs have ended. */
    async analyse(caseId: number): Promise<void> {
        await this.post(`cases/${caseId}/detection-runs`, {})
        await this.until(async () => (await this.get<Schema<'Case'>>(`cases/${caseId}`)).state !== 'new')
    }

    async cells(caseId: number): Promise<Schema<'TableCell'>[]> {
        const found = await this.get<Schema<'PaginatedTableCellList'>>(
            `reviews/cells?case=${caseId}&page_size=500`,
        )
        return found.results.filter((cell) => !cell.is_deleted)
    }

    async relabel(cells: CellVersion[], readerClass: string): Promise<Schema<'StepOutcome'>> {
        return this.step('relabel', cells, { reader_class: readerClass })
    }

    /** `confirm`, `unconfirm`, `delete` or `relabel`. Returns the cells as they are then. */
    async step(verb: string, cells: CellVersion[], more: object = {}): Promise<Schema<'StepOutcome'>> {
        const versions = cells.map(({ id, version }) => ({ id, version }))
        return this.post<Schema<'StepOutcome'>>(`reviews/cells/${verb}`, { cells: versions, ...more })
    }

    async until(condition: () => Promise<boolean>): Promise<void> {
        const end = Date.now() + PATIENCE_MS
        while (!(await condition())) {
            if (Date.now() > end) throw new Error(`waited ${PATIENCE_MS / 1000} s: ${condition}`)
            await pause(200)
        }
    }

    private async answer<T>(method: string, address: string, options: object = {}): Promise<T> {
        // The server closes idle connections, now and then in the moment in which one is used again.
        const answer = await this.requests.fetch(address, { method, maxRetries: 1, ...options })
        if (!answer.ok()) throw new Error(`${method} ${address}: ${answer.status()} ${await answer.text()}`)
        return (await answer.json()) as T
    }
}
