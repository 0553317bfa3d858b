/** @module Checks the options of a plug-in against a table of its own: everything wrong at once, nearest names for unknown keys. */
import type { ConfigurationProblem } from '../errors.js'
import type { Surroundings } from './addresses.js'
import type { Descriptor } from './descriptor.js'
import { unknownName } from './nearest.js'
import { checkGiven } from './option-types.js'

/** The options of a plug-in by their paths, as in `refresh.timeoutSeconds`. */
export type Rows = Readonly<Record<string, Descriptor<unknown>>>

type RowValue<D> = D extends Descriptor<infer T> ? T : never

/** The checked values, and everything that is wrong so far. */
export interface CheckedRows<R extends Rows> {
  /** The value given or the default; `undefined` when absent or wrong. */
  get<P extends keyof R & string>(path: P): RowValue<R[P]> | undefined
  /** The same of an option that is required or has a default, once nothing is wrong. */
  must<P extends keyof R & string>(path: P): RowValue<R[P]>
  isGiven(path: keyof R & string): boolean
  note(path: string, message: string): void
  readonly problems: readonly ConfigurationProblem[]
}

/** Reads the options given in code; `root` begins the path of each problem, as in `oidc`. No variable holds them. */
export function checkRows<R extends Rows>(
  rows: R,
  options: unknown,
  given: { readonly root: string; readonly surroundings: Surroundings },
): CheckedRows<R> {
  const problems: ConfigurationProblem[] = []
  const paths = Object.keys(rows)
  const note = (path: string, message: string): void => {
    problems.push({ path: path === '' ? given.root : `${given.root}.${path}`, variable: '', message })
  }
  const found = new Map<string, unknown>()
  const namesBelow = (parent: string): readonly string[] => {
    const start = parent === '' ? '' : `${parent}.`
    const below = paths.filter((path) => path.startsWith(start))
    return [...new Set(below.map((path) => path.slice(start.length).split('.')[0] ?? ''))]
  }
  const visit = (value: unknown, parent: string): void => {
    const names = namesBelow(parent)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      note(parent, `write an object with ${names.join(', ')}`)
      return
    }
    for (const [name, inner] of Object.entries(value)) {
      const path = parent === '' ? name : `${parent}.${name}`
      if (!names.includes(name)) {
        note(path, unknownName({ name, parent, names }))
      } else if (inner === undefined) continue
      else if (Object.hasOwn(rows, path)) found.set(path, inner)
      else visit(inner, path)
    }
  }
  visit(options, '')
  // Where there is no object at all, nothing in it is missing.
  const isObject = !problems.some(({ path }) => path === given.root)

  const values = new Map<string, unknown>()
  for (const path of paths) {
    const descriptor = rows[path]
    if (descriptor === undefined) continue
    const value = found.get(path)
    if (value === undefined) {
      if (descriptor.fallback !== undefined) values.set(path, descriptor.fallback)
      if (descriptor.isRequired === true && isObject) {
        const checked = descriptor.kind.check(undefined, given.surroundings)
        note(path, `is missing: ${'problem' in checked ? checked.problem : descriptor.meaning}`)
      }
      continue
    }
    const checked = checkGiven(descriptor.kind, value, given.surroundings)
    if ('problem' in checked) note(path, checked.problem)
    else values.set(path, checked.value)
  }
  const get = <P extends keyof R & string>(path: P) => values.get(path) as RowValue<R[P]> | undefined
  return {
    get,
    must(path) {
      const value = get(path)
      if (value === undefined)
        throw new TypeError('an option without a default was taken for one that has one')
      return value
    },
    isGiven: (path) => found.has(path),
    note,
    problems,
  }
}
