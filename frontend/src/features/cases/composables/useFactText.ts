import { useI18n } from 'vue-i18n'
import {
    FACTS,
    LYMPHOBLAST_SHARES,
    type CountDraft,
    type FactName,
    type FactValue,
    type Lesion,
    type LymphoblastDraft,
} from './contextFacts'

/** What is stated of a case, as a person reads it. */
export function useFactText(): (name: FactName, value: FactValue) => string {
    const { t } = useI18n()

    function lymphoblastText(value: LymphoblastDraft): string {
        const shares = LYMPHOBLAST_SHARES.map(
            (name) => `${t(`cases.context.features.${name}`)} ${value[name]} %`,
        )
        const mark = t('cases.context.features.basophilic_and_vacuolated')
        return [...shares, `${mark}: ${t(value.basophilic_and_vacuolated ? 'app.yes' : 'app.no')}`].join('; ')
    }

    return (name, value) => {
        const fact = FACTS.find((one) => one.name === name)
        if (value === null || !fact) return t('cases.context.unknown')
        switch (fact.kind) {
            case 'answer':
                return t(value ? 'app.yes' : 'app.no')
            case 'number':
                return `${String(value)} ${fact.unit}`
            case 'count': {
                const { count, of } = value as CountDraft
                return t('cases.context.countOf', { count, of })
            }
            case 'lesions':
                return (value as Lesion[]).join(', ') || t('cases.context.noLesion')
            case 'lymphoblasts':
                return lymphoblastText(value as LymphoblastDraft)
        }
    }
}
