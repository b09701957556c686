import { UserFilled } from '@element-plus/icons-vue'
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
            path: '/register',
            name: 'register',
            component: () => import('./pages/RegisterPage.vue'),
            meta: { title: 'accounts.register.title', isPublic: true },
        },
        {
            path: '/not-allowed',
            name: 'not-allowed',
            component: () => import('@/components/NotAllowedPage.vue'),
            meta: { title: 'app.notAllowedTitle' },
        },
        {
            path: '/profile',
            name: 'profile',
            component: () => import('./pages/ProfilePage.vue'),
            meta: { title: 'accounts.profile.title' },
        },
        {
            path: '/users',
            name: 'users',
            component: () => import('./pages/UsersPage.vue'),
            meta: {
                title: 'accounts.users.title',
                right: 'users.manage',
                menu: { icon: UserFilled, order: 60 },
            },
        },
        {
            path: '/users/departments',
            name: 'departments',
            component: () => import('./pages/DepartmentsPage.vue'),
            meta: { title: 'accounts.departments.title', right: 'users.manage' },
        },
    ],
} satisfies FeatureRoutes
