/** @module Reads the options of a table from code and environment, with their defaults, and notes everything that is wrong. */
import type { ConfigurationProblem } from '../errors.js'
import type { Surroundings } from './addresses.js'
import { type Environment, misspelt, textOfVariable, variableOf } from './environment.js'
import { unknownName } from './nearest.js'
import {
  type CheckedOf,
  isOption,
  type Option,
  type OptionTable,
  optionsByPath,
  type PathOf,
  type RequiredOption,
  type ValueAt,
} from './option.js'
import { checkGiven } from './option-types.js'

/** What is read besides the options in code. */
export interface Reading {
  /** Begins the path of each problem, as in `oidc`. Default: nothing. */
  readonly root?: string
  /** Absent: no variable holds these options. */
  readonly environment?: Environment
  readonly surroundings: Surroundings
  /** Whether what the shared cookie needs must be there; by the paths of what is given in code. */
  readonly needsSharedCookie?: (inCode: ReadonlySet<string>) => boolean
  /** Says what is meant by a name that is not known. Default: the nearest one beside it. */
  readonly explainUnknown?: (unknown: UnknownName) => readonly ConfigurationProblem[]
}

/** A name that no option and no group has. */
export interface UnknownName {
  readonly path: string
  readonly name: string
  /** The path of the group that it stands in; empty: none. */
  readonly parent: string
  /** The names that are known there. */
  readonly names: readonly string[]
  readonly value: unknown
}

/** The checked values, and everything that is wrong so far. */
export interface ReadOptions<T> {
  /** The value given or the fixed default; `undefined` when absent or wrong. */
  get<P extends PathOf<T>>(path: P): ValueAt<T, P> | undefined
  /** Whether a value was given, good or wrong. */
  isGiven(path: PathOf<T>): boolean
  /** Whether nothing is wrong with any of these. */
  areGood(...paths: readonly PathOf<T>[]): boolean
  /** Notes a problem with an option, or with a part of one, as in `keys.0`. */
  note(path: string, message: string): void
  readonly problems: readonly ConfigurationProblem[]
  /** Everything in the shape of the table. Only once nothing is wrong. */
  assemble(): CheckedOf<T>
}

/** The variable of an option, or an empty text where no variable can hold the value. */
export function variableFor(path: string, option: Option<unknown> | undefined): string {
  return option?.kind.fromText === undefined ? '' : variableOf(path)
}

/** Reads every option of a table. A value given in code wins over the variable. */
export function readOptions<T extends OptionTable>(
  table: T,
  options: unknown,
  reading: Reading,
): ReadOptions<T> {
  const { root = '', environment, surroundings } = reading
  const problems: ConfigurationProblem[] = []
  const entries = optionsByPath(table)
  const variables = environment === undefined ? new Map<string, string>() : variablesOf(entries)
  const note = (path: string, message: string): void => {
    problems.push({ path: below(root, path), variable: variables.get(path) ?? '', message })
  }
  const inCode = flatten(table, options, { reading, problems })
  const given = withVariables(inCode, variables, { environment, entries })
  const needsSharedCookie = reading.needsSharedCookie?.(new Set(inCode.keys())) ?? true
  const values = new Map<string, unknown>()
  for (const [path, option] of entries) {
    const value = given.get(path)
    if (value === undefined) {
      if ('fallback' in option) values.set(path, option.fallback)
      if (!mustBeThere(option, needsSharedCookie)) continue
      // What is wrong with a whole group is said once.
      const isSaid = problems.some((problem) => below(root, path).startsWith(`${problem.path}.`))
      if (!isSaid) note(path, `is missing${whatToWrite(option, surroundings)}`)
      continue
    }
    const checked = checkGiven(option.kind, value, surroundings)
    if ('problem' in checked) note(path, checked.problem)
    else values.set(path, checked.value)
  }
  if (environment !== undefined) problems.push(...misspelt(environment, pathsByVariable(variables)))
  return {
    get: <P extends PathOf<T>>(path: P) => values.get(path) as ValueAt<T, P> | undefined,
    isGiven: (path) => given.has(path),
    areGood: (...wanted) =>
      !problems.some((problem) => wanted.some((path) => below(root, path) === problem.path)),
    note,
    problems,
    assemble: () => assembled(table, values) as CheckedOf<T>,
  }
}

const below = (root: string, path: string): string =>
  root === '' || path === '' ? `${root}${path}` : `${root}.${path}`

function variablesOf(entries: ReadonlyMap<string, Option<unknown>>): ReadonlyMap<string, string> {
  return new Map([...entries].map(([path, option]) => [path, variableFor(path, option)]))
}

function pathsByVariable(variables: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return new Map([...variables].filter(([, name]) => name !== '').map(([path, name]) => [name, path]))
}

/** What is given in code, and of the rest what a variable says. `null` in code is a value, and a wrong one. */
function withVariables(
  inCode: ReadonlyMap<string, unknown>,
  variables: ReadonlyMap<string, string>,
  {
    environment,
    entries,
  }: {
    readonly environment: Environment | undefined
    readonly entries: ReadonlyMap<string, Option<unknown>>
  },
): ReadonlyMap<string, unknown> {
  const given = new Map(inCode)
  for (const [path, variable] of variables) {
    if (environment === undefined || variable === '' || given.has(path)) continue
    const text = textOfVariable(environment, variable)
    if (text !== undefined) given.set(path, entries.get(path)?.kind.fromText?.(text))
  }
  return given
}

function isRequired(option: Option<unknown>): option is RequiredOption<unknown> {
  return option.presence === 'required'
}

function mustBeThere(option: Option<unknown>, needsSharedCookie: boolean): boolean {
  return isRequired(option) && (option.where === 'always' || needsSharedCookie)
}

function whatToWrite({ kind }: Option<unknown>, surroundings: Surroundings): string {
  const checked = kind.check(undefined, surroundings)
  return 'problem' in checked ? `: ${checked.problem}` : ''
}

/** The options given in code by their paths. Unknown names are noted. */
function flatten(
  table: OptionTable,
  options: unknown,
  { reading, problems }: { readonly reading: Reading; readonly problems: ConfigurationProblem[] },
): ReadonlyMap<string, unknown> {
  const { root = '', explainUnknown = nearestName(root) } = reading
  const found = new Map<string, unknown>()
  const visit = (group: OptionTable, value: unknown, parent: string): void => {
    const names = Object.keys(group)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      const path = below(root, parent) || 'options'
      problems.push({ path, variable: '', message: `write an object with ${names.join(', ')}` })
      return
    }
    for (const [name, inner] of Object.entries(value)) {
      const path = below(parent, name)
      const entry = Object.hasOwn(group, name) ? group[name] : undefined
      if (entry === undefined) problems.push(...explainUnknown({ path, name, parent, names, value: inner }))
      else if (inner === undefined) continue
      else if (isOption(entry)) found.set(path, inner)
      else visit(entry, inner, path)
    }
  }
  visit(table, options, '')
  return found
}

const nearestName =
  (root: string) =>
  ({ path, name, parent, names }: UnknownName): readonly ConfigurationProblem[] => [
    { path: below(root, path), variable: '', message: unknownName({ name, parent, names }) },
  ]

/** The values in the shape of their table; `undefined` for what is absent. */
function assembled(table: OptionTable, values: ReadonlyMap<string, unknown>, parent = ''): object {
  const entries = Object.entries(table).map(([name, entry]) => {
    const path = below(parent, name)
    return [name, isOption(entry) ? values.get(path) : assembled(entry, values, path)] as const
  })
  return Object.fromEntries(entries)
}
