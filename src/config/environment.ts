/** @module The environment variables of the options: their names, and names that were probably meant. */
import type { ConfigurationProblem } from '../errors.js'
import { nearest } from './nearest.js'
import { identifyingOptions } from './provider-name.js'

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

/** What ends the name of a variable that was made by our own rules, of an option that has none of that name. */
const rules = [
  {
    end: '_FILE',
    message: (name: string) => `names a file, and that option is read from none: write ${name}`,
  },
  { end: '_ENABLED', message: (name: string) => `is not known: write ${name}` },
] as const

/** What was meant by a variable whose name our own rules would make. It does harm only where nothing else says it. */
function meantByRule(
  environment: Environment,
  known: ReadonlyMap<string, string>,
  name: string,
): ConfigurationProblem | undefined {
  for (const { end, message } of rules) {
    const meant = name.endsWith(end) ? name.slice(0, -end.length) : ''
    const path = known.get(meant)
    if (path === undefined || textOfVariable(environment, meant) !== undefined) continue
    return { path, variable: name, message: message(meant) }
  }
  return undefined
}

/**
 * Variables that are at most two letters away from one of ours, or have an end that ours have elsewhere: surely mistakes.
 * Any other variable that begins with our prefix belongs to somebody else, and so do those of a provider that is not here,
 * or not yet.
 */
export function misspelt(
  environment: Environment,
  known: ReadonlyMap<string, string>,
): readonly ConfigurationProblem[] {
  const problems: ConfigurationProblem[] = []
  const isOfAnother = ownersOf(environment, known)
  for (const name of Object.keys(environment)) {
    if (isOfAnother(name)) continue
    if (known.has(name) || !/^_?CIT/i.test(name) || textOfVariable(environment, name) === undefined) continue
    const byRule = meantByRule(environment, known, name)
    if (byRule !== undefined) {
      problems.push(byRule)
      continue
    }
    // Names of another length are further away: to compare them all would cost more than the rest of the start.
    const alike = [...known.keys()].filter((each) => Math.abs(each.length - name.length) <= mostLetters)
    const meant = nearest(name, alike)
    if (meant === undefined || meant.distance > mostLetters) continue
    const path = known.get(meant.name) ?? ''
    problems.push({ path, variable: name, message: `is not known: write ${meant.name}` })
  }
  return problems
}

/** Tells the variables of providers that are described in the environment, and are none of those whose variables are known. */
function ownersOf(
  environment: Environment,
  known: ReadonlyMap<string, string>,
): (variable: string) => boolean {
  const providers = Object.entries(identifyingOptions).flatMap(([protocol, option]) => {
    const own = variableOf(`${protocol}.${option}`)
    const beginning = `${prefix}${protocol.toUpperCase()}_`
    const end = own.slice(beginning.length)
    const described = [...known.keys(), ...Object.keys(environment)].filter(
      (name) => name === own || (name.startsWith(beginning) && name.endsWith(`_${end}`)),
    )
    return described.map((name) => ({ beginning: name.slice(0, -end.length), isKnown: known.has(name) }))
  })
  // The name of one provider may begin another's: the longest is meant.
  const byLength = providers.toSorted((one, other) => other.beginning.length - one.beginning.length)
  return (variable) => byLength.find(({ beginning }) => variable.startsWith(beginning))?.isKnown === false
}
