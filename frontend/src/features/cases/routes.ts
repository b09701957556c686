import { Files } from '@element-plus/icons-vue'
import { caseProps, type FeatureRoutes } from '@/router/featureRoutes'

export default {
    pages: [
        {
            path: '/cases',
            name: 'cases',
            component: () => import('./pages/CaseListPage.vue'),
            meta: { title: 'cases.worklist', right: 'cases.read', menu: { icon: Files, order: 2 } },
        },
        {
            path: '/cases/new',
            name: 'case-new',
            component: () => import('./pages/CaseNewPage.vue'),
            meta: { title: 'cases.new', right: 'cases.write' },
        },
    ],
    caseTabs: [
        {
            path: 'overview',
            name: 'case-overview',
            component: () => import('./pages/CaseOverviewPage.vue'),
            props: caseProps,
            meta: { title: 'cases.overview', right: 'cases.read', order: 1 },
        },
    ],
} satisfies FeatureRoutes
