import { User } from '@element-plus/icons-vue'
import type { FeatureRoutes } from '@/router/featureRoutes'

export default {
    pages: [
        {
            path: '/patients',
            name: 'patients',
            component: () => import('./pages/PatientListPage.vue'),
            meta: { title: 'patients.title', right: 'patients.read', menu: { icon: User, order: 3 } },
        },
        {
            path: '/patients/import',
            name: 'patient-import',
            component: () => import('./pages/PatientImportPage.vue'),
            meta: { title: 'patients.import.title', right: 'patients.write' },
        },
        {
            path: '/patients/:patientId(\\d+)',
            name: 'patient',
            component: () => import('./pages/PatientPage.vue'),
            props: (route) => ({ patientId: Number(route.params.patientId) }),
            meta: { title: 'patients.one', right: 'patients.read' },
        },
    ],
} satisfies FeatureRoutes
