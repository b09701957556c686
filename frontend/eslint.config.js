import { defineConfigWithVueTs, vueTsConfigs } from '@vue/eslint-config-typescript'
import prettier from 'eslint-config-prettier'
import vue from 'eslint-plugin-vue'

export default defineConfigWithVueTs(
    { ignores: ['dist/**', 'src/api/generated/**', 'test-results/**', 'playwright-report/**'] },
    vue.configs['flat/recommended'],
    vueTsConfigs.strict,
    prettier,
    {
        rules: {
            'no-console': 'error',
            'max-lines': ['error', { max: 200, skipBlankLines: true }],
            'vue/max-lines-per-block': ['error', { template: 120, script: 140 }],
            '@typescript-eslint/no-explicit-any': 'error',
            '@typescript-eslint/no-unused-vars': 'error',
        },
    },
)
