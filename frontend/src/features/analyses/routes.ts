import { caseProps, type FeatureRoutes } from '@/router/featureRoutes'

export default {
    caseTabs: [
        {
            path: 'fields',
            name: 'case-fields',
            component: () => import('./pages/CaseFieldsPage.vue'),
            props: caseProps,
            meta: { title: 'analyses.fields.title', right: 'analyses.read', order: 2 },
        },
        {
            path: 'recognition',
            name: 'case-recognition',
            component: () => import('./pages/CaseRecognitionPage.vue'),
            props: caseProps,
            meta: { title: 'analyses.recognition.title', right: 'analyses.read', order: 3 },
        },
    ],
} satisfies FeatureRoutes
