import { beforeAll, beforeEach } from 'vitest'
import { showLocale } from '@/i18n'

beforeAll(() => showLocale('en'))
beforeEach(() => localStorage.clear())
