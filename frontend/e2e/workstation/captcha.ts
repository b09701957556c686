import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { dataFolder, place, python } from './place'

const READ =
    'import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute(sys.argv[2], sys.argv[3:]).fetchone()[0])'

/** What a person reads in the picture; a test finds it where the server keeps it. `address` is that of the picture. */
export function lettersOf(address: string): string {
    const key = /captcha\/([\w-]+)/.exec(address)?.[1] ?? ''
    const database = join(dataFolder(place().folder), 'hemascope.sqlite3')
    const query = 'SELECT response FROM captcha_captchastore WHERE hashkey = ?'
    return execFileSync(python(), ['-c', READ, database, query, key], { encoding: 'utf8' }).trim()
}
