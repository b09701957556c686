import { keepPreviousData, useQuery } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { api, data } from '@/api/client'
import type { paths } from '@/api/generated/schema'
import type { Schema } from '@/api/types'

export type User = Schema<'User'>
/** As administrators see it. */
export type Account = Schema<'Account'>
export type Role = Schema<'Role'>
export type UserQuery = NonNullable<paths['/api/v1/users']['get']['parameters']['query']>

/** From most to least that they may do with cases; administrators stand apart. */
export const ROLES = ['doctor', 'technician', 'viewer', 'administrator'] as const satisfies readonly Role[]

/** Where an account stands, and how the server is asked for such ones. */
export const USER_STATES = {
    waiting: { is_approved: false, is_active: true },
    active: { is_approved: true, is_active: true },
    inactive: { is_active: false },
} as const
export type UserState = keyof typeof USER_STATES

export function userState(user: Pick<User, 'is_active' | 'is_approved'>): UserState {
    if (!user.is_active) return 'inactive'
    return user.is_approved ? 'active' : 'waiting'
}

export function isUserState(text: string | undefined): text is UserState {
    return text !== undefined && text in USER_STATES
}

/** One page of the accounts that the filters leave; for administrators. */
export function useUsers(query: MaybeRefOrGetter<UserQuery>) {
    return useQuery({
        queryKey: computed(() => ['users', toValue(query)]),
        queryFn: () => data(api.GET('/api/v1/users', { params: { query: toValue(query) } })),
        placeholderData: keepPreviousData,
    })
}

export function userCreate(values: Schema<'UserCreateInputRequest'>): Promise<User> {
    return data(api.POST('/api/v1/users', { body: values }))
}

export function userUpdate(id: number, changes: Schema<'PatchedUserInputRequest'>): Promise<User> {
    return data(api.PATCH('/api/v1/users/{id}', { params: { path: { id: String(id) } }, body: changes }))
}

export function userApprove(id: number, role: Role): Promise<User> {
    return data(
        api.POST('/api/v1/users/{id}/approve', { params: { path: { id: String(id) } }, body: { role } }),
    )
}

/** Lets somebody try again at once who is locked after wrong passwords. */
export async function userUnlock(id: number): Promise<void> {
    await api.POST('/api/v1/users/{id}/unlock', { params: { path: { id: String(id) } } })
}

/** The new password, which nobody can be shown again. */
export async function passwordReset(id: number): Promise<string> {
    const answer = await data(
        api.POST('/api/v1/users/{id}/reset-password', { params: { path: { id: String(id) } } }),
    )
    return answer.password
}
