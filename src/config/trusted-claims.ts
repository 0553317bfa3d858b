/** @module Claims that say how somebody authenticated, and which of them a provider is believed. */
import { type Kind, listOf, publicly } from './option-types.js'

/**
 * Those of CitizenOne's own: `isMfa`, a second factor was used, or what counts as one; `isDidAuth`, Eeze was. Any provider
 * can put the words into its tokens.
 * Source: CitizenOne, "Sessions & JWT".
 */
export const factorClaims: readonly string[] = ['isMfa', 'isDidAuth']

/** A list of some of these names. */
export const trustedFrom = (names: readonly string[]): Kind<readonly string[]> => {
  const hint = `a list from ${names.join(', ')}`
  return publicly(
    listOf(
      (value) =>
        typeof value === 'string' && names.includes(value) ? { value } : { problem: `write ${hint}` },
      { least: 0, most: names.length, hint },
    ),
  )
}

/** Those of the names that a provider is not believed. */
export function untrustedOf(names: readonly string[], trusted: readonly string[]): readonly string[] {
  return names.filter((name) => !trusted.includes(name))
}
