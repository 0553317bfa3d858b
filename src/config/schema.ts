/** @module The table of all options: what each is, how it is read and checked, its default and its meaning. */
import { applicationRows } from './application-definitions.js'
import type { Descriptor } from './descriptor.js'
import { identityProviderRows } from './identity-provider-definitions.js'

/** Every option by its path. The order is that of the documentation. */
export const schema = { ...identityProviderRows, ...applicationRows } as const

/** The table, as a type. */
export type Schema = typeof schema
/** The path of an option. */
export type OptionPath = keyof Schema
/** The checked value of an option. */
export type OptionValue<P extends OptionPath> = Schema[P] extends Descriptor<infer T> ? T : never
