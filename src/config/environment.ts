/** @module The environment variables of the options: their names, and names that were probably meant. */
import type { ConfigurationProblem } from '../errors.js'
import { nearest } from './nearest.js'

/** The environment as a process has it. */
export type Environment = Readonly<Record<string, string | undefined>>

/** The prefix of all our variables. */
export const prefix = 'CITIZEN_'

/**
 * The variable of an option: `identityProvider.url` is `CITIZEN_IDENTITY_PROVIDER_URL`, `oidc.big-city.clientId` is
 * `CITIZEN_OIDC_BIG_CITY_CLIENT_ID`. What switches a group on has the variable of the group.
 */
export function variableOf(path: string): string {
  // A variable holds the address of a store; the store itself can only be given in code.
  const named = path === 'store' || path === 'revocations' ? `${path}.url` : path.replace(/\.enabled$/, '')
  return prefix + named.replace(/[.-]/g, '_').replace(/[A-Z]/g, '_$&').toUpperCase()
}

/** The text of a variable without blanks around it; an empty variable counts as not set. */
export function textOfVariable(environment: Environment, variable: string): string | undefined {
  const text = environment[variable]?.trim()
  return text === undefined || text === '' ? undefined : text
}

/** How many letters a typing mistake is away at most. */
const mostLetters = 2

/**
 * Variables that are at most two letters away from one of ours: surely typing mistakes. Any other variable that
 * begins with our prefix belongs to somebody else.
 */
export function misspelt(
  environment: Environment,
  known: ReadonlyMap<string, string>,
): readonly ConfigurationProblem[] {
  const problems: ConfigurationProblem[] = []
  for (const name of Object.keys(environment)) {
    if (known.has(name) || !/^_?CIT/i.test(name) || textOfVariable(environment, name) === undefined) continue
    // Names of another length are further away: to compare them all would cost more than the rest of the start.
    const alike = [...known.keys()].filter((each) => Math.abs(each.length - name.length) <= mostLetters)
    const meant = nearest(name, alike)
    if (meant === undefined || meant.distance > mostLetters) continue
    const path = known.get(meant.name) ?? ''
    problems.push({ path, variable: name, message: `is not known: write ${meant.name}` })
  }
  return problems
}
