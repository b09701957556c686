import type { components } from './generated/schema'

/** `Schema<'Case'>`: a named type of the API. */
export type Schema<Name extends keyof components['schemas']> = components['schemas'][Name]
