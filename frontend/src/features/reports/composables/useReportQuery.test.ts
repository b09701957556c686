import { expect, test } from 'vitest'
import { midnight } from './useReportQuery'

test('days are those of the person, and the last one belongs to the range', () => {
    expect(midnight('2026-11-24', 0)).toBe(new Date(2026, 10, 24).toISOString())
    expect(midnight('2026-11-30', 1)).toBe(new Date(2026, 11, 1).toISOString())
})
