import { useI18n } from 'vue-i18n'
import { api, data } from '@/api/client'
import { useVersionedForm } from '@/composables/useVersionedForm'
import { SETTING_GROUPS, type LabSettings, type SettingName } from './settingFields'

export type SettingValues = Pick<LabSettings, SettingName>

export async function settingsRead(): Promise<LabSettings> {
    return (await data(api.GET('/api/v1/lab-settings'))) as LabSettings
}

const NAMES = Object.values(SETTING_GROUPS).flatMap(Object.keys) as SettingName[]

function valuesOf(settings: LabSettings | null): SettingValues {
    return Object.fromEntries(NAMES.map((name) => [name, settings?.[name]])) as unknown as SettingValues
}

/** The settings of the laboratory, changed field by field. */
export function useSettingsForm(settings: () => LabSettings) {
    const { t, te } = useI18n()
    return useVersionedForm<LabSettings, SettingValues>({
        row: settings,
        valuesOf,
        reload: settingsRead,
        save: async (changes, row) =>
            (await data(
                api.PATCH('/api/v1/lab-settings', { body: { ...changes, version: row?.version } }),
            )) as LabSettings,
        shown: (name, value) => {
            if (typeof value === 'boolean') return t(value ? 'app.yes' : 'app.no')
            const key = `settings.options.${name}.${String(value)}`
            return te(key) ? t(key) : String(value)
        },
    })
}
