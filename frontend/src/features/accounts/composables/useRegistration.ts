import { reactive, ref } from 'vue'
import { useI18n } from 'vue-i18n'
import { api, data } from '@/api/client'
import { ApiError } from '@/api/errors'
import type { Schema } from '@/api/types'
import { useSubmit } from '@/composables/useSubmit'

type Registration = Required<Omit<Schema<'RegistrationInputRequest'>, 'sex' | 'language'>>

/** Asking for an account. Whatever the server says about a field is told there, wrong letters of the picture too. */
export function useRegistration(language: () => Schema<'Language'>) {
    const values = reactive<Registration>({
        username: '',
        password: '',
        nickname: '',
        department: null,
        email: '',
        phone: '',
        captcha_key: '',
        captcha_text: '',
    })
    const isDone = ref(false)
    const { isBusy, errors, submit } = useSubmit(Object.keys(values))
    const { t } = useI18n()

    async function register(): Promise<void> {
        let captchaRefusal = ''
        isDone.value = await submit(async () => {
            try {
                await data(api.POST('/api/v1/registrations', { body: { ...values, language: language() } }))
            } catch (error) {
                if (!(error instanceof ApiError) || error.code !== 'captcha') throw error
                captchaRefusal = t('accounts.captcha.wrong')
            }
        })
        if (captchaRefusal) {
            errors.value = { captcha_text: captchaRefusal }
            isDone.value = false
        }
    }

    return { values, errors, isBusy, isDone, register }
}
