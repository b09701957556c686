import { Setting } from '@element-plus/icons-vue'
import type { FeatureRoutes } from '@/router/featureRoutes'

export default {
    pages: [
        {
            path: '/settings',
            name: 'settings',
            component: () => import('./pages/SettingsPage.vue'),
            meta: { title: 'settings.title', right: 'settings.manage', menu: { icon: Setting, order: 65 } },
        },
    ],
} satisfies FeatureRoutes
