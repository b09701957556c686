import { createRouter, createWebHistory, type RouteRecordRaw } from 'vue-router'
import { i18n } from '@/i18n'
import { useSession } from '@/stores/session'
import type { FeatureRoutes } from './featureRoutes'

// Each feature names its own pages in features/<app>/routes.ts.
const features = Object.values(
    import.meta.glob<{ default: FeatureRoutes }>('../features/*/routes.ts', { eager: true }),
).map((file) => file.default)

const caseTabs = features
    .flatMap((feature) => feature.caseTabs ?? [])
    .sort((a, b) => a.meta.order - b.meta.order)

const pages: RouteRecordRaw[] = [
    {
        path: '/cases/:caseId(\\d+)',
        component: () => import('@/features/cases/pages/CasePage.vue'),
        props: (route) => ({ caseId: Number(route.params.caseId) }),
        meta: { right: 'cases.read', title: 'cases.one' },
        redirect: { name: 'case-overview' },
        children: caseTabs,
    },
    ...features.flatMap((feature) => feature.pages ?? []),
    {
        path: '/:missing(.*)*',
        component: () => import('@/components/MissingPage.vue'),
        meta: { title: 'app.missingTitle' },
    },
]

export const router = createRouter({ history: createWebHistory(), routes: pages })

router.beforeEach(async (to) => {
    const session = useSession()
    if (!session.isLoaded) await session.load()
    if (!to.meta.isPublic && !session.isSignedIn) return { name: 'sign-in', query: { next: to.fullPath } }
    if (to.meta.isPublic && session.isSignedIn) return { path: '/' }
    const right = to.matched.findLast((record) => record.meta.right)?.meta.right
    if (right && !session.may(right)) return { name: 'not-allowed', query: { page: to.fullPath } }
    return true
})

router.afterEach((to) => {
    const key = to.meta.title
    document.title = key ? `${i18n.global.t(key)} - Hemascope` : 'Hemascope'
})

export { caseTabs }
