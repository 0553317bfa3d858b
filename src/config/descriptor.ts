/** @module One line of the table of options. */
import type { Kind } from './option-types.js'

/** How one option is read and checked, its default and its meaning. */
export interface Descriptor<T> {
  readonly kind: Kind<T>
  /** What it means, in one sentence. */
  readonly meaning: string
  /** Used when neither code nor environment gives a value. */
  readonly fallback?: T
  /** The default in words, where it follows from something else. */
  readonly derived?: string
  /** `shared-cookie`: only where the shared cookie is in use. */
  readonly isRequired?: true | 'shared-cookie'
}

/** Writes a line of the table, with the type of its value. */
export function row<T>(descriptor: Descriptor<T>): Descriptor<T> {
  return descriptor
}
