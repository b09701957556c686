import { useI18n } from 'vue-i18n'
import type { Schema } from '@/api/types'
import classes from './classes.json'

export type CellClassId = Schema<'CellClass'>

/** One row of the taxonomy; `classes.json` is written from the server's table by `make openapi`. */
export interface CellClass {
    id: CellClassId
    en: string
    zh: string
    lineage: string
    maturation: number | null
    colour: string
    /** `KeyboardEvent.key` that assigns the class; null: not assigned by hand */
    key: string | null
}

/** In the order of the table: by lineage, youngest stage first. */
export const CELL_CLASSES = classes as readonly CellClass[]
const BY_ID = new Map<string, CellClass>(CELL_CLASSES.map((row) => [row.id, row]))

/** The row of a class; an id that the table does not hold is a fault of the programme. */
export function cellClass(id: string): CellClass {
    const row = BY_ID.get(id)
    if (!row) throw new Error(`'${id}' is no cell class of the taxonomy`)
    return row
}

/** The name of a class in the language of the page. */
export function useClassName(): (id: string) => string {
    const { locale } = useI18n()
    return (id) => (id ? cellClass(id)[locale.value === 'zh-CN' ? 'zh' : 'en'] : '')
}
