import { Cpu } from '@element-plus/icons-vue'
import type { FeatureRoutes } from '@/router/featureRoutes'

export default {
    pages: [
        {
            path: '/models',
            name: 'models',
            component: () => import('./pages/ModelsPage.vue'),
            meta: { title: 'catalogue.title', right: 'catalogue.read', menu: { icon: Cpu, order: 50 } },
        },
        {
            path: '/models/:name',
            name: 'model',
            component: () => import('./pages/ModelPage.vue'),
            props: true,
            meta: { title: 'catalogue.one', right: 'catalogue.read' },
        },
    ],
} satisfies FeatureRoutes
