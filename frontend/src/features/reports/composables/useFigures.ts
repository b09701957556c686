import { useI18n } from 'vue-i18n'
import type { Schema } from '@/api/types'
import type { Share } from './useAnalysis'

/** Numbers of a differential as a laboratory writes them; a dash where there is nothing to divide by. */
export function useFigures() {
    const { n } = useI18n()
    const none = '–'

    function percent(value: number | null | undefined): string {
        return value == null ? none : `${n(value, 'percent')} %`
    }

    function interval(low: number | null | undefined, high: number | null | undefined): string {
        return low == null || high == null ? none : `${n(low, 'percent')}–${n(high, 'percent')}`
    }

    /** `12.5 % (3/24; 2.7–32.4)` */
    function share({ count, of, percent: value, percent_low: low, percent_high: high }: Share): string {
        return value == null ? none : `${percent(value)} (${count}/${of}; ${interval(low, high)})`
    }

    function ratio({ value, numerator, denominator }: Schema<'Ratio'>): string {
        return value == null ? none : `${n(value, 'percent')} : 1 (${numerator}/${denominator})`
    }

    /** per 100 leucocytes */
    function per100({ value, numerator, denominator }: Schema<'Ratio'>): string {
        return value == null ? none : `${n(value, 'percent')} (${numerator}/${denominator})`
    }

    return { percent, interval, share, ratio, per100 }
}
