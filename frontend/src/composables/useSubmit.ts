import { ElMessage } from 'element-plus'
import { ref } from 'vue'
import { ApiError } from '@/api/errors'
import { useReporting } from './useReporting'

/** Sending a form: busy while it runs, and the server's messages at the fields they belong to. */
export function useSubmit(fields: readonly string[]) {
    const { reporting } = useReporting()
    const isBusy = ref(false)
    const errors = ref<Record<string, string>>({})

    /** Takes the messages whose field is on the form; throws the error on where one would stay unseen. */
    function show(error: unknown): void {
        if (!(error instanceof ApiError) || error.code !== 'validation') throw error
        errors.value = error.fieldMessages
        const elsewhere = Object.entries(error.fieldMessages).filter(([path]) => !fields.includes(path))
        if (elsewhere.length)
            ElMessage.error(elsewhere.map(([path, message]) => `${path}: ${message}`).join('\n'))
    }

    /** True when it worked. */
    async function submit(action: () => Promise<unknown>): Promise<boolean> {
        isBusy.value = true
        errors.value = {}
        let isDone = false
        try {
            await reporting(async () => {
                try {
                    await action()
                    isDone = true
                } catch (error) {
                    show(error)
                }
            })
        } finally {
            isBusy.value = false
        }
        return isDone
    }

    return { isBusy, errors, submit }
}
