/** @module What was given, in words, for the message about it: never a secret, and nothing that could hold one. */
import { quote } from '../printable.js'

/** A word without a scheme or a slash that is longer could be a key or a password in the wrong place. */
const longestWord = 31

/**
 * What a message adds about a value that is wrong, as in `; given was "sensitiv"`. Only for options that hold no
 * secret; of an address nothing is repeated that has a user, a query or a fragment.
 */
export function givenWords(value: unknown): string {
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return `; given was ${value}`
  if (typeof value === 'function') return '; given was a function'
  if (typeof value === 'object' && !Array.isArray(value)) return '; given was an object'
  if (typeof value !== 'string' || /[@?#]/.test(value)) return ''
  const isAddress = /^(?:\/|[a-z][a-z0-9+.-]*:)|\./i.test(value)
  return value.length > longestWord && !isAddress ? '' : `; given was ${quote(value)}`
}
