import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome']

/** Chromium of the system: HEMASCOPE_CHROMIUM, else the first on the PATH. */
export function findChromium(): string | undefined {
    const folders = (process.env.PATH ?? '').split(delimiter)
    const places = folders.flatMap((folder) => NAMES.map((name) => join(folder, name)))
    return process.env.HEMASCOPE_CHROMIUM ?? places.find((place) => existsSync(place))
}
