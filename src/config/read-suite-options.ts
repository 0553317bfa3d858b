/** @module Reads the options of a suite: what the shared cookie needs, and what stands for options of other middlewares. */
import type { ConfigurationProblem } from '../errors.js'
import type { Surroundings } from './addresses.js'
import { type Environment, textOfVariable } from './environment.js'
import { insteadOfForeign } from './foreign-options.js'
import { unknownName } from './nearest.js'
import { optionsByPath, type PathOf } from './option.js'
import { optionTable } from './options.js'
import { type ReadOptions, readOptions, type UnknownName, variableFor } from './read-options.js'

/** The path of an option of a suite. */
export type OptionPath = PathOf<typeof optionTable>

/** The options of a suite, read and checked. */
export type ReadSuiteOptions = ReadOptions<typeof optionTable>

/** Every option of a suite by its path. The order is that of the documentation. */
export const suiteOptionsByPath = optionsByPath(optionTable)

const paths = [...suiteOptionsByPath.keys()]

/** The variable of an option of a suite, or an empty text where no variable can hold the value. */
export function suiteVariableFor(path: string): string {
  return variableFor(path, suiteOptionsByPath.get(path))
}

/** Where our own routes are, as browsers see them: what the proxy takes away, and the path that is left. */
export function publicRoutesPath({ get }: Pick<ReadSuiteOptions, 'get'>): string {
  return `${get('application.path') ?? ''}${get('routes.path') ?? ''}`
}

/** The base domain of the applications in the header; the empty text where what it follows from is not there. */
export function headerDomain({ get }: Pick<ReadSuiteOptions, 'get'>): string {
  const url = get('application.url')
  return (
    get('header.domain') ?? (get('sharedCookie.domain') || (url === undefined ? '' : new URL(url).hostname))
  )
}

/** Reads every option of a suite. */
export function readSuiteOptions(
  options: unknown,
  environment: Environment,
  surroundings: Surroundings,
): ReadSuiteOptions {
  const needsSharedCookie = (inCode: ReadonlySet<string>): boolean =>
    !inCode.has('protocols') || isSharedCookieGiven(inCode, environment)
  return readOptions(optionTable, options, { environment, surroundings, needsSharedCookie, explainUnknown })
}

/** It bounds what is remembered of sessions without a shared cookie as well. */
const ofEveryMode: OptionPath = 'identityProvider.keys.rememberedTokens'

/** Whether anything of the shared cookie is given, in code or by a variable: then all that it needs must be. */
function isSharedCookieGiven(inCode: ReadonlySet<string>, environment: Environment): boolean {
  return paths.some((path) => {
    if (!path.startsWith('identityProvider.') && !path.startsWith('sharedCookie.')) return false
    if (path === ofEveryMode) return false
    const variable = suiteVariableFor(path)
    return inCode.has(path) || (variable !== '' && textOfVariable(environment, variable) !== undefined)
  })
}

/** An option of ours that is meant, or what stands for one of another session middleware. */
function explainUnknown({ path, name, parent, names, value }: UnknownName): readonly ConfigurationProblem[] {
  const inner = path === 'cookie' && typeof value === 'object' && value !== null ? Object.keys(value) : []
  const known = inner.flatMap((member) => {
    const message = insteadOfForeign(`${path}.${member}`)
    return message === undefined ? [] : [{ path: `${path}.${member}`, variable: '', message }]
  })
  if (known.length > 0) return known
  // The name may stand one level too high or too deep: then the whole path says more than a similar name.
  const elsewhere = paths.find((candidate) => candidate.split('.').at(-1) === name)
  const message = insteadOfForeign(path) ?? unknownName({ name, parent, names, elsewhere })
  return [{ path, variable: '', message }]
}
