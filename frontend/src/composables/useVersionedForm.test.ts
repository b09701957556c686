import { flushPromises } from '@vue/test-utils'
import { defineComponent, ref } from 'vue'
import { expect, test } from 'vitest'
import { ApiError } from '@/api/errors'
import { mountInApp } from '@/testing/mounting'
import { useVersionedForm } from './useVersionedForm'

interface Row {
    version: number
    name: string
    phone: string
}

/** A form on `read` while the server already holds `stored`; `sent` collects what it is asked to save. */
async function form(read: Row | null, stored: Row | null = read) {
    const sent: Partial<Row>[] = []
    const row = ref(read)
    let used: ReturnType<typeof useVersionedForm<Row, Omit<Row, 'version'>>> | undefined
    await mountInApp(
        defineComponent({
            setup() {
                used = useVersionedForm<Row, Omit<Row, 'version'>>({
                    row: () => row.value,
                    valuesOf: (one) => ({ name: one?.name ?? '', phone: one?.phone ?? '' }),
                    reload: async () => stored as Row,
                    async save(changes, before) {
                        sent.push(changes)
                        if (stored && before?.version !== stored.version)
                            throw new ApiError(409, 'stale_version', 'somebody else changed it')
                        return { ...(stored ?? { version: 0, name: '', phone: '' }), ...changes, version: 9 }
                    },
                    shown: (_, value) => `<${String(value)}>`,
                })
                return () => null
            },
        }),
    )
    return { form: used as NonNullable<typeof used>, sent, row }
}

const READ = { version: 1, name: 'Li', phone: '1' }

test('only what was changed is sent', async () => {
    const { form: one, sent } = await form(READ)
    one.values.phone = '2'

    expect(await one.save()).toEqual({ version: 9, name: 'Li', phone: '2' })
    expect(sent).toEqual([{ phone: '2' }])
    expect(one.isChanged.value).toBe(false)
})

test('everything of a new row is sent', async () => {
    const { form: one, sent } = await form(null)
    one.values.name = 'Li'

    await one.save()

    expect(sent).toEqual([{ name: 'Li', phone: '' }])
})

test('what somebody else changed in another field is taken over, and saving goes on by itself', async () => {
    const { form: one, sent } = await form(READ, { version: 2, name: 'Lin', phone: '1' })
    one.values.phone = '2'

    expect(await one.save()).toEqual({ version: 9, name: 'Lin', phone: '2' })
    expect(sent).toEqual([{ phone: '2' }, { phone: '2' }])
})

test('where both changed the same field nothing is overwritten until the person saves again', async () => {
    const { form: one, sent } = await form(READ, { version: 2, name: 'Li', phone: '3' })
    one.values.phone = '2'

    expect(await one.save()).toBeNull()
    expect(one.values.phone).toBe('2')
    expect(one.errors.value.phone).toContain('<3>')
    expect(sent).toHaveLength(1)

    expect(await one.save()).toMatchObject({ phone: '2' })
})

test('a row that was read anew changes what nobody has touched, and keeps what was typed', async () => {
    const { form: one, row } = await form(READ)
    one.values.phone = '2'

    row.value = { version: 2, name: 'Lin', phone: '1' }
    await flushPromises()

    expect(one.values).toEqual({ name: 'Lin', phone: '2' })
    expect(one.errors.value).toEqual({})
})

test('a message at a field goes when the field is changed', async () => {
    const { form: one } = await form(READ)
    one.errors.value = { phone: 'wrong', name: 'wrong' }

    one.values.phone = '2'
    await flushPromises()

    expect(one.errors.value).toEqual({ name: 'wrong' })
})
