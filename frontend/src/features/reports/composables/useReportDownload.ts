import { ref } from 'vue'
import { download, handOver } from '@/api/download'
import { useReporting } from '@/composables/useReporting'
import { useLanguage } from './useAnalysis'
import { reportDocument, type Report } from './useReports'

/** The forms in which a signed report is given out. */
export const FORMS = ['pdf', 'fhir', 'hl7', 'csv', 'xlsx', 'document'] as const
export type Form = (typeof FORMS)[number]

/** Files of reports, in the language of the page. */
export function useReportDownload() {
    const language = useLanguage()
    const { reporting } = useReporting()
    const isBusy = ref(false)

    async function busily(action: () => Promise<void>): Promise<void> {
        isBusy.value = true
        await reporting(action).finally(() => (isBusy.value = false))
    }

    async function saveDocument(report: Report): Promise<void> {
        const { document } = await reportDocument(report.id, language.value)
        const content = new Blob([JSON.stringify(document, null, 2)], { type: 'application/json' })
        handOver(content, `hemascope-${report.case_number}-${report.number}.json`)
    }

    function save(report: Report, form: Form): Promise<void> {
        return busily(() =>
            form === 'document'
                ? saveDocument(report)
                : download(`/api/v1/reports/${report.id}/${form}?language=${language.value}`),
        )
    }

    function saveDraft(caseId: number): Promise<void> {
        return busily(() => download(`/api/v1/cases/${caseId}/draft?language=${language.value}`))
    }

    return { isBusy, save, saveDraft }
}
