import { useI18n } from 'vue-i18n'
import { useCoarseName } from './useCoarseName'

const DETECTED_CROPS = '_detected_crops'
const OVERLAP = /^(ap|ar)(\d\d)?(?:_(\w+))?$/ // ap75_wbc: average precision of white cells at an IoU of 0.75

/** What a metric of a manifest is called on the page; one that nobody has named yet keeps its own name. */
export function useMetricName(): (metric: string) => string {
    const { t, te } = useI18n()
    const coarseName = useCoarseName()

    function nameOf(metric: string): string {
        if (metric.endsWith(DETECTED_CROPS)) {
            const measured = nameOf(metric.slice(0, -DETECTED_CROPS.length))
            return t('catalogue.metricForms.detectedCrops', { metric: measured })
        }
        if (te(`catalogue.metricNames.${metric}`)) return t(`catalogue.metricNames.${metric}`)
        if (metric.startsWith('f1_'))
            return t('catalogue.metricForms.f1', { name: coarseName(metric.slice('f1_'.length)) })
        const count = /^top(\d+)_accuracy$/.exec(metric)?.[1]
        if (count) return t('catalogue.metricForms.top', { count })
        const [, kind, overlap, classId] = OVERLAP.exec(metric) ?? []
        if (!kind) return metric
        const measured = overlap
            ? t(`catalogue.metricForms.${kind}At`, { iou: `0.${overlap}` })
            : t(`catalogue.metricForms.${kind}`)
        return classId
            ? t('catalogue.metricForms.of', { metric: measured, name: coarseName(classId) })
            : measured
    }

    return nameOf
}
