/** @module Gathers the value of each option from code, environment and defaults, and notes what is wrong. */
import type { ConfigurationProblem } from '../errors.js'
import type { Surroundings } from './addresses.js'
import type { Descriptor } from './descriptor.js'
import { type Environment, misspelt, textOfVariable, variableOf } from './environment.js'
import { insteadOfForeign } from './foreign-options.js'
import { unknownName } from './nearest.js'
import { checkGiven } from './option-types.js'
import { type OptionPath, type OptionValue, schema } from './schema.js'

/** The checked values, and everything that is wrong so far. */
export interface Gathered {
  /** The value given or the fixed default; `undefined` when absent or wrong. */
  get<P extends OptionPath>(path: P): OptionValue<P> | undefined
  /** Whether a value was given and is good. */
  isGiven(path: OptionPath): boolean
  /** Whether nothing is wrong with any of these. */
  areGood(...paths: readonly OptionPath[]): boolean
  note(path: OptionPath, message: string): void
  readonly problems: readonly ConfigurationProblem[]
}

const paths = Object.keys(schema) as OptionPath[]

/** The variable of an option, or an empty text where no variable can hold the value. */
export function variableFor(path: OptionPath): string {
  return schema[path].kind.fromText === undefined ? '' : variableOf(path)
}

/** Where our own routes are, as browsers see them: what the proxy takes away, and the path that is left. */
export function publicRoutesPath({ get }: Pick<Gathered, 'get'>): string {
  return `${get('application.path') ?? ''}${get('routes.path') ?? ''}`
}

/** Reads every option. A value given in code wins over the variable. */
export function gather(options: unknown, environment: Environment, surroundings: Surroundings): Gathered {
  const problems: ConfigurationProblem[] = []
  const values = new Map<OptionPath, unknown>()
  const given = new Set<OptionPath>()
  const note = (path: OptionPath, message: string) => {
    problems.push({ path, variable: variableFor(path), message })
  }
  const inCode = flatten(options, problems)
  const needsSharedCookie = !inCode.has('protocols') || isSharedCookieGiven(inCode, environment)

  for (const path of paths) {
    const descriptor: Descriptor<unknown> = schema[path]
    const variable = variableFor(path)
    const text = variable === '' ? undefined : textOfVariable(environment, variable)
    const fromText = text === undefined ? undefined : descriptor.kind.fromText?.(text)
    // `null` in code is a value, and a wrong one: falling through to the variable would hide it.
    const value = inCode.has(path) ? inCode.get(path) : fromText
    if (value === undefined) {
      if (descriptor.fallback !== undefined) values.set(path, descriptor.fallback)
      const isRequired = descriptor.isRequired === true || (descriptor.isRequired && needsSharedCookie)
      if (isRequired && !problems.some((problem) => path.startsWith(`${problem.path}.`))) {
        note(path, `is missing: ${requirement(descriptor, surroundings)}`)
      }
      continue
    }
    const checked = checkGiven(descriptor.kind, value, surroundings)
    if ('problem' in checked) note(path, checked.problem)
    else {
      values.set(path, checked.value)
      given.add(path)
    }
  }

  const variables = new Map(paths.map((path) => [variableFor(path), path] as const))
  variables.delete('')
  problems.push(...misspelt(environment, variables))
  return {
    get: <P extends OptionPath>(path: P) => values.get(path) as OptionValue<P> | undefined,
    isGiven: (path) => given.has(path),
    areGood: (...wanted) => !problems.some((problem) => wanted.some((path) => path === problem.path)),
    note,
    problems,
  }
}

/** It bounds what is remembered of sessions without a shared cookie as well. */
const ofEveryMode: OptionPath = 'identityProvider.keys.rememberedTokens'

/** Whether anything of the shared cookie is given, in code or by a variable: then all that it needs must be. */
function isSharedCookieGiven(inCode: ReadonlyMap<string, unknown>, environment: Environment): boolean {
  return paths.some((path) => {
    if (!path.startsWith('identityProvider.') && !path.startsWith('sharedCookie.')) return false
    if (path === ofEveryMode) return false
    const variable = variableFor(path)
    return inCode.has(path) || (variable !== '' && textOfVariable(environment, variable) !== undefined)
  })
}

function requirement(descriptor: Descriptor<unknown>, surroundings: Surroundings): string {
  const checked = descriptor.kind.check(undefined, surroundings)
  return 'problem' in checked ? checked.problem : descriptor.meaning
}

/** The options given in code by their paths. Unknown keys are noted with the nearest known name. */
function flatten(options: unknown, problems: ConfigurationProblem[]): ReadonlyMap<string, unknown> {
  const found = new Map<string, unknown>()
  const visit = (value: unknown, parent: string) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      const path = parent === '' ? 'options' : parent
      problems.push({ path, variable: '', message: `write an object with ${namesBelow(parent).join(', ')}` })
      return
    }
    const names = namesBelow(parent)
    for (const [name, inner] of Object.entries(value)) {
      const path = parent === '' ? name : `${parent}.${name}`
      if (!names.includes(name)) noteUnknown(path, inner, problems)
      else if (inner === undefined) continue
      else if (Object.hasOwn(schema, path)) found.set(path, inner)
      else visit(inner, path)
    }
  }
  visit(options, '')
  return found
}

function namesBelow(parent: string): readonly string[] {
  const start = parent === '' ? '' : `${parent}.`
  const below = paths.filter((path) => path.startsWith(start))
  return [...new Set(below.map((path) => path.slice(start.length).split('.')[0] ?? ''))]
}

/** Says what is meant by an unknown name: an option of ours, or what stands for one of another session middleware. */
function noteUnknown(path: string, value: unknown, problems: ConfigurationProblem[]): void {
  const instead = insteadOfForeign(path)
  const inner = path === 'cookie' && typeof value === 'object' && value !== null ? Object.entries(value) : []
  const known = inner.flatMap(([name]) => {
    const message = insteadOfForeign(`${path}.${name}`)
    return message === undefined ? [] : [{ path: `${path}.${name}`, variable: '', message }]
  })
  if (known.length > 0) {
    problems.push(...known)
    return
  }
  const at = path.lastIndexOf('.')
  const parent = at === -1 ? '' : path.slice(0, at)
  const name = path.slice(at + 1)
  // The name may stand one level too high or too deep: then the whole path says more than a similar name.
  const elsewhere = paths.filter((candidate) => candidate.split('.').at(-1) === name)
  const message = instead ?? unknownName({ name, parent, names: namesBelow(parent), elsewhere: elsewhere[0] })
  problems.push({ path, variable: '', message })
}
