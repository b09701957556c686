import type { FeatureRoutes } from '@/router/featureRoutes'

export default {
    pages: [
        {
            path: '/sign-in',
            name: 'sign-in',
            component: () => import('./pages/SignInPage.vue'),
            meta: { title: 'accounts.signIn.title', isPublic: true },
        },
        {
            path: '/not-allowed',
            name: 'not-allowed',
            component: () => import('@/components/NotAllowedPage.vue'),
            meta: { title: 'app.notAllowedTitle' },
        },
    ],
} satisfies FeatureRoutes
