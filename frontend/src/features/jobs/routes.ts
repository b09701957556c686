import { Timer } from '@element-plus/icons-vue'
import type { FeatureRoutes } from '@/router/featureRoutes'

export default {
    pages: [
        {
            path: '/jobs',
            name: 'jobs',
            component: () => import('./pages/JobsPage.vue'),
            meta: { title: 'jobs.title', menu: { icon: Timer, order: 55 } },
        },
    ],
} satisfies FeatureRoutes
