import { expect, test } from 'vitest'
import openapi from '../../../../openapi.json'
import { ROLES, userState } from './useUsers'

test('every role of the server can be given', () => {
    expect([...ROLES].sort()).toEqual([...openapi.components.schemas.Role.enum].sort())
})

test.each([
    [false, true, 'waiting'],
    [true, true, 'active'],
    [true, false, 'inactive'],
    [false, false, 'inactive'], // refused before it was approved
])('an account with approved=%s and active=%s is %s', (is_approved, is_active, state) => {
    expect(userState({ is_approved, is_active })).toBe(state)
})
