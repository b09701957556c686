import { useI18n } from 'vue-i18n'
import { useRouter, type RouteLocationRaw } from 'vue-router'
import type { Schema } from '@/api/types'

export type Obstacle = Schema<'Obstacle'>

/** The page on which each obstacle is mended. */
export const PAGES: Record<Obstacle['reason'], string> = {
    'not-in-review': 'case-review',
    running: 'jobs',
    'no-cells': 'case-fields',
    unidentified: 'case-review',
    unreviewed: 'case-review',
}

/** What stands against signing, in the words of the page and with the way to mend it. */
export function useObstacles(caseId: () => number) {
    const { t, n } = useI18n()
    const router = useRouter()

    function textOf({ reason, count, of, limit_percent: limit }: Obstacle): string {
        const values = { count: count ?? 0, of: of ?? 0, limit: n(limit ?? 0) }
        return t(`reports.obstacles.${reason}`, values)
    }

    /** null where this installation has no such page. */
    function linkOf({ reason }: Obstacle): RouteLocationRaw | null {
        const name = PAGES[reason]
        if (!router.hasRoute(name)) return null
        return name.startsWith('case-') ? { name, params: { caseId: caseId() } } : { name }
    }

    return { textOf, linkOf }
}
