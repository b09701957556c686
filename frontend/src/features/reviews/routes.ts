import { Grid } from '@element-plus/icons-vue'
import { caseProps, type FeatureRoutes } from '@/router/featureRoutes'

export default {
    pages: [
        {
            path: '/cells',
            name: 'cells',
            component: () => import('./pages/CellsPage.vue'),
            meta: { title: 'reviews.cells.title', right: 'reviews.read', menu: { icon: Grid, order: 4 } },
        },
        {
            path: '/keyboard',
            name: 'keyboard',
            component: () => import('./pages/KeyboardPage.vue'),
            meta: { title: 'reviews.keyboard.title' },
        },
    ],
    caseTabs: [
        {
            path: 'review',
            name: 'case-review',
            component: () => import('./pages/ReviewPage.vue'),
            props: caseProps,
            meta: { title: 'reviews.title', right: 'reviews.read', order: 4 },
        },
    ],
} satisfies FeatureRoutes
