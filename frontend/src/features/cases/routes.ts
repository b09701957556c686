import type { FeatureRoutes } from '@/router/featureRoutes'

export default {
    pages: [],
} satisfies FeatureRoutes
