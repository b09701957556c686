import { caseProps, type FeatureRoutes } from '@/router/featureRoutes'

export default {
    caseTabs: [
        {
            path: 'report',
            name: 'case-report',
            component: () => import('./pages/CaseReportPage.vue'),
            props: caseProps,
            meta: { title: 'reports.one', right: 'reports.read', order: 6 },
        },
    ],
} satisfies FeatureRoutes
