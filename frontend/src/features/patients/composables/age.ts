/** Full years of life. */
export function ageOn(born: Date, day: Date): number {
    const years = day.getFullYear() - born.getFullYear()
    const isBeforeBirthday =
        day.getMonth() < born.getMonth() ||
        (day.getMonth() === born.getMonth() && day.getDate() < born.getDate())
    return isBeforeBirthday ? years - 1 : years
}
