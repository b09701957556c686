import { useI18n } from 'vue-i18n'

/** What the server writes into the log, by the thing it is done to. */
export const VERBS = [
    'session.start',
    'session.end',
    'user.register',
    'user.approve',
    'user.create',
    'user.update',
    'user.avatar',
    'password.change',
    'password.reset',
    'user.unlock',
    'token.create',
    'token.delete',
    'department.create',
    'department.update',
    'department.delete',
    'patient.create',
    'patient.update',
    'patient.delete',
    'patient.identity',
    'patients.import',
    'patients.export',
    'patients.rekey',
    'case.create',
    'case.update',
    'case.assign',
    'case.state',
    'case.delete',
    'field.upload',
    'field.delete',
    'detectionrun.start',
    'detectionrun.done',
    'recognitionrun.start',
    'recognitionrun.done',
    'review.relabel',
    'review.confirm',
    'review.unconfirm',
    'review.draw',
    'review.move',
    'review.delete',
    'review.restore',
    'review.undo',
    'review.redo',
    'report.sign',
    'report.amend',
    'report.reopen',
    'report.export',
    'lab_settings.update',
    'model.activate',
    'model.roll_back',
    'job.cancel',
    'backup.create',
] as const

/** What an event may be about, as the server names it. */
export const SUBJECT_TYPES = [
    'patients.patient',
    'cases.case',
    'analyses.field',
    'analyses.detectionrun',
    'analyses.recognitionrun',
    'reports.report',
    'reports.labsettings',
    'catalogue.activation',
    'accounts.user',
    'accounts.department',
    'accounts.apitoken',
    'jobs.job',
] as const

/** Verbs and things in words; one that a newer server writes stays as it is. */
export function useAuditTexts() {
    const { t, te } = useI18n()

    function named(group: 'verbs' | 'subjects', id: string): string {
        const key = `audit.${group}.${id.replace('.', '_')}`
        return te(key) ? t(key) : id
    }

    return {
        verbText: (verb: string) => named('verbs', verb),
        subjectText: (type: string) => named('subjects', type),
    }
}
