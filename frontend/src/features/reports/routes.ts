import { Document } from '@element-plus/icons-vue'
import { caseProps, type FeatureRoutes } from '@/router/featureRoutes'

export default {
    pages: [
        {
            path: '/reports',
            name: 'reports',
            component: () => import('./pages/ReportListPage.vue'),
            meta: { title: 'reports.title', right: 'reports.read', menu: { icon: Document, order: 4 } },
        },
    ],
    caseTabs: [
        {
            path: 'analysis',
            name: 'case-analysis',
            component: () => import('./pages/CaseAnalysisPage.vue'),
            props: caseProps,
            meta: { title: 'reports.analysis', right: 'reports.read', order: 5 },
        },
        {
            path: 'report',
            name: 'case-report',
            component: () => import('./pages/CaseReportPage.vue'),
            props: caseProps,
            meta: { title: 'reports.one', right: 'reports.read', order: 6 },
        },
    ],
} satisfies FeatureRoutes
