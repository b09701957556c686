import { expect, test } from 'vitest'
import { auditQuery } from './useAuditEvents'

test('both days of a range are meant as a whole, where the person is', () => {
    const query = auditQuery({ from: '2026-11-24', to: '2026-11-24' })

    expect(new Date(query.at_from ?? '')).toEqual(new Date(2026, 10, 24))
    expect(new Date(query.at_to ?? '')).toEqual(new Date(2026, 10, 25))
})

test('what is not filtered by is not asked', () => {
    expect(auditQuery({})).toEqual({})
    expect(auditQuery({ actor: '7', verb: 'case.create' })).toEqual({ actor: 7, verb: 'case.create' })
})
