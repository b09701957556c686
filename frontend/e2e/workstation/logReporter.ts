import { readFileSync } from 'node:fs'
import type { FullResult, Reporter, TestCase, TestResult } from '@playwright/test/reporter'
import { logFile, place } from './place'

const LINES = 60
const FINE = /"status": [23]\d\d|"logger": "(hemascope.web.jobs|django_tasks)", "level": "info"/

/** After the first failure: what the server said until then. */
export default class LogReporter implements Reporter {
    private log = ''

    onTestEnd(test: TestCase, result: TestResult): void {
        if (this.log || result.status === test.expectedStatus || result.status === 'skipped') return
        this.log = readFileSync(logFile(place().folder), 'utf8')
    }

    onEnd(result: FullResult): void {
        if (!this.log || result.status === 'passed') return
        const last = this.log
            .trimEnd()
            .split('\n')
            .filter((line) => !FINE.test(line))
            .slice(-LINES)
        process.stdout.write(`\nThe server's log until the first failure, without what went well:\n`)
        process.stdout.write(`${last.join('\n')}\n`)
    }

    printsToStdio(): boolean {
        return false
    }
}
