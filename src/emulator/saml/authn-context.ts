/** @module Which level of a sign-in satisfies what a service provider asks for. */
import type { Level } from '../sessions.js'
import { passwordAuthnContext, unspecifiedAuthnContext } from './names.js'

const ranks: readonly Level[] = ['password', 'mfa', 'did']

/** Levels that a session has shown: a second factor came after a password; Eeze asks for none. */
const shownBy: Readonly<Record<Level, readonly Level[]>> = {
  password: ['password'],
  mfa: ['mfa', 'password'],
  did: ['did'],
}

/** What is asked for. */
export interface ContextWish {
  readonly contexts: readonly string[]
  readonly comparison: string
}

/**
 * The class to assert for a session of this level, or `undefined` when it does not satisfy the wish. Classes that
 * nobody knows satisfy nothing. Source: SAML 2.0 Core, section 3.3.2.2.1.
 */
export function satisfyingContext(
  level: Level,
  { contexts, comparison }: ContextWish,
  classes: Readonly<Record<Level, string>>,
): string | undefined {
  if (contexts.length === 0) return classes[level]
  const levelOf = (context: string) =>
    context === passwordAuthnContext || context === unspecifiedAuthnContext
      ? 'password'
      : ranks.find((one) => classes[one] === context)
  const wanted = contexts.flatMap((context) => {
    const known = levelOf(context)
    return known ? [{ context, rank: ranks.indexOf(known), known }] : []
  })
  const rank = ranks.indexOf(level)
  if (comparison === 'exact') {
    return wanted.find(
      ({ context, known }) => context === unspecifiedAuthnContext || shownBy[level].includes(known),
    )?.context
  }
  const fits = {
    minimum: (one: number) => rank >= one,
    maximum: (one: number) => rank <= one,
    better: (one: number) => rank > one,
  }[comparison]
  if (!fits || wanted.length === 0) return undefined
  const all =
    comparison === 'better' ? wanted.every((one) => fits(one.rank)) : wanted.some((one) => fits(one.rank))
  return all ? classes[level] : undefined
}
