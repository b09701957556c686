import { Odometer } from '@element-plus/icons-vue'
import type { FeatureRoutes } from '@/router/featureRoutes'

export default {
    pages: [
        {
            path: '/',
            name: 'dashboard',
            component: () => import('./pages/DashboardPage.vue'),
            meta: { title: 'dashboard.title', menu: { icon: Odometer, order: 1 } },
        },
    ],
} satisfies FeatureRoutes
