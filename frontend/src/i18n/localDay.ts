/** A date without a time (`2026-11-24`) as that day here; read as UTC it would be the day before, west of Greenwich. */
export function localDay(date: string): Date {
    return new Date(`${date}T00:00`)
}
