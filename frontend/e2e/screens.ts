import type { Page } from '@playwright/test'
import type { Account } from './workstation/place'

/** A page of the workstation: its address as the router knows it, and an account that may open it. */
export interface Screen {
    name: string
    route: string
    as: Account | 'nobody'
    /** what is done before it is looked at */
    begin?: (page: Page) => Promise<void>
}

const chooseCell = (page: Page) => page.getByRole('option').first().click()
const chooseBox = (page: Page) =>
    page.getByRole('list', { name: 'Cells in this field' }).getByRole('button').first().click()

/** All of them. */
export const SCREENS: readonly Screen[] = [
    { name: 'sign-in', route: '/sign-in', as: 'nobody' },
    { name: 'register', route: '/register', as: 'nobody' },
    { name: 'dashboard', route: '/', as: 'doctor' },
    { name: 'worklist', route: '/cases', as: 'doctor' },
    { name: 'case-new', route: '/cases/new', as: 'technician' },
    { name: 'case-overview', route: '/cases/:caseId(\\d+)/overview', as: 'doctor' },
    { name: 'case-fields', route: '/cases/:caseId(\\d+)/fields', as: 'doctor', begin: chooseBox },
    { name: 'case-recognition', route: '/cases/:caseId(\\d+)/recognition', as: 'doctor' },
    { name: 'case-review', route: '/cases/:caseId(\\d+)/review', as: 'doctor', begin: chooseCell },
    { name: 'case-analysis', route: '/cases/:caseId(\\d+)/analysis', as: 'doctor' },
    { name: 'case-report', route: '/cases/:caseId(\\d+)/report', as: 'doctor' },
    { name: 'cells', route: '/cells', as: 'doctor' },
    { name: 'reports', route: '/reports', as: 'doctor' },
    { name: 'keyboard', route: '/keyboard', as: 'doctor' },
    { name: 'patients', route: '/patients', as: 'doctor' },
    { name: 'patient', route: '/patients/:patientId(\\d+)', as: 'doctor' },
    { name: 'patient-import', route: '/patients/import', as: 'technician' },
    { name: 'models', route: '/models', as: 'admin' },
    { name: 'model', route: '/models/:name', as: 'admin' },
    { name: 'jobs', route: '/jobs', as: 'admin' },
    { name: 'users', route: '/users', as: 'admin' },
    { name: 'departments', route: '/users/departments', as: 'admin' },
    { name: 'settings', route: '/settings', as: 'admin' },
    { name: 'log', route: '/log', as: 'admin' },
    { name: 'profile', route: '/profile', as: 'technician' },
    { name: 'not-allowed', route: '/not-allowed', as: 'viewer' },
    { name: 'missing', route: '/:missing(.*)*', as: 'viewer' },
]
