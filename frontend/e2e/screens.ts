import type { Account } from './workstation/place'

/** Every page of the workstation: its address as the router knows it, and an account that may open it. */
export interface Screen {
    name: string
    route: string
    as: Account | 'nobody'
}

export const SCREENS: readonly Screen[] = [
    { name: 'sign-in', route: '/sign-in', as: 'nobody' },
    { name: 'dashboard', route: '/', as: 'doctor' },
    { name: 'not-allowed', route: '/not-allowed', as: 'viewer' },
    { name: 'missing', route: '/:missing(.*)*', as: 'viewer' },
]
