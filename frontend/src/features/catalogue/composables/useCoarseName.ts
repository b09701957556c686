import { useI18n } from 'vue-i18n'
import { CELL_CLASSES, useClassName } from '@/taxonomy'

const KNOWN = new Set<string>(CELL_CLASSES.map(({ id }) => id))

/** The name of a class of the taxonomy, or of one of the coarser ones that models know. */
export function useCoarseName(): (id: string) => string {
    const { t, te } = useI18n()
    const className = useClassName()
    return (id) => {
        if (KNOWN.has(id)) return className(id)
        return te(`catalogue.coarse.${id}`) ? t(`catalogue.coarse.${id}`) : id
    }
}
