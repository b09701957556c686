import { Notebook } from '@element-plus/icons-vue'
import type { FeatureRoutes } from '@/router/featureRoutes'

export default {
    pages: [
        {
            path: '/log',
            name: 'log',
            component: () => import('./pages/AuditPage.vue'),
            meta: { title: 'audit.title', right: 'audit.read', menu: { icon: Notebook, order: 70 } },
        },
    ],
} satisfies FeatureRoutes
