/** @module Reads the options of a table from code and environment, with their defaults, and notes everything that is wrong. */
import type { ConfigurationProblem } from '../errors.js'
import type { Surroundings } from './addresses.js'
import { type Environment, variableOf } from './environment.js'
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
import { fileHint, readVariable, variablesFor } from './read-variable.js'

/** What is read besides the options in code. */
export interface Reading {
  /** Begins the path of each problem, and so each variable, as in `oidc`. Default: nothing. */
  readonly root?: string
  /** Absent: no variable holds these options. */
  readonly environment?: Environment
  readonly surroundings: Surroundings
  /** Whether what the shared cookie needs must be there; by the paths of what is given in code. */
  readonly needsSharedCookie?: (inCode: ReadonlySet<string>) => boolean
  /** What to write in place of options of other packages, by their path. Default: nothing. */
  readonly instead?: Readonly<Record<string, string>>
  /** Says what is meant by a name that is not known. Default: what stands for it, else the nearest one beside it. */
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
  /** The variables that are read, with the path of what each holds; none without an environment. */
  readonly variables: ReadonlyMap<string, string>
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
  const variables = new Map(
    [...entries].map(([path, option]) => [
      path,
      environment === undefined ? '' : variableFor(below(root, path), option),
    ]),
  )
  const note = (path: string, message: string): void => {
    // A part, as in `otherKeys.0`, is said by the variable of the whole.
    const variable = variables.get(path) ?? variables.get(path.replace(/\.\d+$/, '')) ?? ''
    problems.push({ path: below(root, path), variable, message })
  }
  const inCode = flatten(table, options, { reading, problems })
  const { given, refused } = withVariables(inCode, { entries, variables, environment })
  for (const [path, problem] of refused) note(path, problem)
  const needsSharedCookie = reading.needsSharedCookie?.(new Set(inCode.keys())) ?? true
  const values = new Map<string, unknown>()
  for (const [path, option] of entries) {
    if (refused.has(path)) continue
    const value = given.get(path)
    if (value === undefined) {
      if ('fallback' in option) values.set(path, option.fallback)
      if (!mustBeThere(option, needsSharedCookie)) continue
      // What is wrong with a whole group is said once.
      const isSaid = problems.some((problem) => below(root, path).startsWith(`${problem.path}.`))
      const hint = fileHint(variables.get(path) ?? '', option.kind)
      if (!isSaid) note(path, `is missing${whatToWrite(option, surroundings)}${hint}`)
      continue
    }
    const checked = checkGiven(option.kind, value, surroundings)
    if ('problem' in checked) note(path, checked.problem)
    else values.set(path, checked.value)
  }
  return {
    get: <P extends PathOf<T>>(path: P) => values.get(path) as ValueAt<T, P> | undefined,
    isGiven: (path) => given.has(path) || refused.has(path),
    areGood: (...wanted) =>
      !problems.some((problem) => wanted.some((path) => below(root, path) === problem.path)),
    note,
    problems,
    variables: environment === undefined ? new Map() : pathsByVariable(entries, root),
    assemble: () => assembled(table, values) as CheckedOf<T>,
  }
}

const below = (root: string, path: string): string =>
  root === '' || path === '' ? `${root}${path}` : `${root}.${path}`

/** Every variable of a table, with the path of its option. */
function pathsByVariable(
  entries: ReadonlyMap<string, Option<unknown>>,
  root: string,
): ReadonlyMap<string, string> {
  const found = [...entries].map(([path, option]) => [below(root, path), option] as const)
  return new Map(
    found.flatMap(([path, { kind }]) => variablesFor(variableOf(path), kind).map((name) => [name, path])),
  )
}

/**
 * What is given in code, and of the rest what a variable says; which of its variables that was is noted. `null` in code
 * is a value, and a wrong one.
 */
function withVariables(
  inCode: ReadonlyMap<string, unknown>,
  {
    entries,
    variables,
    environment,
  }: {
    readonly entries: ReadonlyMap<string, Option<unknown>>
    readonly variables: Map<string, string>
    readonly environment: Environment | undefined
  },
): { readonly given: ReadonlyMap<string, unknown>; readonly refused: ReadonlyMap<string, string> } {
  const given = new Map(inCode)
  const refused = new Map<string, string>()
  for (const [path, { kind }] of entries) {
    const variable = variables.get(path) ?? ''
    if (environment === undefined || variable === '' || given.has(path)) continue
    const read = readVariable(environment, variable, kind)
    if (read === undefined) continue
    variables.set(path, read.variable)
    if ('problem' in read) refused.set(path, read.problem)
    else given.set(path, read.value)
  }
  return { given, refused }
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
  const { root = '', instead = {}, explainUnknown = nearestName(root, instead) } = reading
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
  (root: string, instead: Readonly<Record<string, string>>) =>
  ({ path, name, parent, names }: UnknownName): readonly ConfigurationProblem[] => {
    const known = Object.hasOwn(instead, path) ? instead[path] : undefined
    return [{ path: below(root, path), variable: '', message: known ?? unknownName({ name, parent, names }) }]
  }

/** The values in the shape of their table; `undefined` for what is absent. */
function assembled(table: OptionTable, values: ReadonlyMap<string, unknown>, parent = ''): object {
  const entries = Object.entries(table).map(([name, entry]) => {
    const path = below(parent, name)
    return [name, isOption(entry) ? values.get(path) : assembled(entry, values, path)] as const
  })
  return Object.fromEntries(entries)
}
