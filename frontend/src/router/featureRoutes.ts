import type { Component } from 'vue'
import type { RouteRecordRaw } from 'vue-router'
import type { Right } from '@/stores/session'

declare module 'vue-router' {
    interface RouteMeta {
        /** key of the page's title */
        title?: string
        /** who may open it; without one, everybody who is signed in */
        right?: Right
        /** open to people who are not signed in, and only to them */
        isPublic?: boolean
        /** the entry in the sidebar; left out, the page is reached from others only */
        menu?: { icon: Component; order: number }
    }
}

/** A page of one case, shown below the case's head; its component gets `caseId: number`. */
export type CaseTab = RouteRecordRaw & { name: string; meta: { title: string; right: Right; order: number } }

export interface FeatureRoutes {
    pages?: RouteRecordRaw[]
    caseTabs?: CaseTab[]
}

/** `props` of a case tab. */
export function caseProps(route: { params: Record<string, string | string[]> }): { caseId: number } {
    return { caseId: Number(route.params.caseId) }
}
