/** What a report says: on its page, as PDF and as FHIR, so that the three can be compared. */
import { readFileSync } from 'node:fs'
import { expect, type Page } from '@playwright/test'
import { pdfText } from './pdf'

interface FhirBundle {
    resourceType: 'Bundle'
    entry: {
        resource: {
            code?: { text?: string }
            component?: { code: { text: string }; valueInteger?: number }[]
        }
    }[]
}

/** Class and number of cells of each row that the page shows. */
export async function countsShown(page: Page): Promise<Record<string, number>> {
    const table = page.getByRole('table').first()
    await expect(table).toBeVisible()
    const rows = await table.getByRole('row').allInnerTexts()
    const cells = rows.slice(1).map((row) => row.split('\t').map((text) => text.trim()))
    return Object.fromEntries(cells.map(([name, count]) => [name, Number(count)]))
}

/** Downloads a signed version as PDF to `path` and returns its text, white space made one blank. */
export async function textOfPdf(page: Page, version: number, path: string): Promise<string> {
    await save(page, version, 'PDF', path)
    return pdfText(path).replace(/\s+/g, ' ')
}

/** Counts in its FHIR bundle: observations `Myeloblast, per cent of ...` with their component `count`. */
export async function countsInFhir(
    page: Page,
    version: number,
    path: string,
): Promise<Record<string, number>> {
    await save(page, version, 'FHIR R4', path)
    const bundle = JSON.parse(readFileSync(path, 'utf8')) as FhirBundle
    const found = bundle.entry.flatMap(({ resource }) => {
        const count = resource.component?.find(({ code }) => code.text === 'count')?.valueInteger
        const [name] = resource.code?.text?.split(', per cent') ?? []
        return count === undefined || name === undefined ? [] : [[name, count] as const]
    })
    return Object.fromEntries(found)
}

async function save(page: Page, version: number, form: string, path: string): Promise<void> {
    const name = new RegExp(`^Download version ${version} `)
    await page.getByRole('button', { name }).click()
    const download = page.waitForEvent('download')
    await page.getByRole('menu', { name }).getByRole('menuitem', { name: form }).click()
    await (await download).saveAs(path)
}
