import { computed, reactive, shallowRef, watch } from 'vue'
import { useI18n } from 'vue-i18n'
import { ApiError } from '@/api/errors'
import { useSubmit } from './useSubmit'

interface Options<Row extends { version: number }, Values extends object> {
    /** the row as it was read; null for one that is still to be made */
    row: () => Row | null
    valuesOf: (row: Row | null) => Values
    /** the row as the server has it now */
    reload: (row: Row) => Promise<Row>
    /** sends what was changed since `row` was read, everything where there is no row yet */
    save: (changes: Partial<Values>, row: Row | null) => Promise<Row>
    /** how a value is told to a person */
    shown: (name: keyof Values & string, value: unknown) => string
}

function isSame(a: unknown, b: unknown): boolean {
    return JSON.stringify(a) === JSON.stringify(b)
}

/**
 * A form on a row that others may change meanwhile. Fields that only they have changed are taken over; where both have
 * changed the same field, what was typed stays, their value is told at the field, and the person decides.
 */
export function useVersionedForm<Row extends { version: number }, Values extends object>(
    options: Options<Row, Values>,
) {
    const { t } = useI18n()
    const base = shallowRef<Row | null>(options.row())
    const values = reactive(options.valuesOf(base.value)) as Values
    const names = Object.keys(values) as (keyof Values & string)[]
    const { isBusy, errors, submit } = useSubmit(names)

    const changedNames = computed(() => {
        const before = options.valuesOf(base.value)
        return names.filter((name) => !isSame(before[name], values[name]))
    })
    const isChanged = computed(() => changedNames.value.length > 0)

    function changes(): Partial<Values> {
        const sent = base.value ? changedNames.value : names
        return Object.fromEntries(sent.map((name) => [name, values[name]])) as Partial<Values>
    }

    /** Goes on from `theirs` and tells at the fields that both have changed what they hold now. False: there are some. */
    function rebase(theirs: Row): boolean {
        const before = options.valuesOf(base.value)
        const after = options.valuesOf(theirs)
        const both: Record<string, string> = {}
        for (const name of names) {
            if (isSame(values[name], before[name])) values[name] = after[name]
            else if (!isSame(before[name], after[name]) && !isSame(values[name], after[name]))
                both[name] = t('app.conflict', { value: options.shown(name, after[name]) })
        }
        base.value = theirs
        errors.value = both
        return Object.keys(both).length === 0
    }

    function reset(): void {
        Object.assign(values, options.valuesOf(base.value))
        errors.value = {}
    }

    /** The saved row; null where the server refused, or somebody else was quicker with the same field. */
    async function save(): Promise<Row | null> {
        let [saved, theirs]: (Row | null)[] = [null, null]
        await submit(async () => {
            try {
                saved = await options.save(changes(), base.value)
            } catch (error) {
                if (!(error instanceof ApiError) || error.code !== 'stale_version' || !base.value) throw error
                theirs = await options.reload(base.value)
            }
        })
        if (theirs) return rebase(theirs) ? save() : null
        if (!saved) return null
        base.value = saved
        reset()
        return saved
    }

    for (const name of names)
        watch(
            () => values[name],
            () => Reflect.deleteProperty(errors.value, name), // it was said of the value before
            { deep: true },
        )
    // The page reads the row anew now and then: what nobody has touched follows.
    watch(options.row, (row) => {
        if (row && base.value && row.version > base.value.version) rebase(row)
    })

    return { values, errors, isBusy, isChanged, save, reset }
}
