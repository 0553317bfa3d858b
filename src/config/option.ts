/** @module How an option is declared: an entry of a nested table, from which follow its types, its reading, its variable and its line of documentation. */
import type { Kind } from './option-types.js'

/** One option, declared above by its docstring: what it means, and as last sentence of the first paragraph its default. */
export interface Option<Value, Given = Value> {
  readonly presence: 'required' | 'defaulted' | 'computed' | 'optional'
  /** How it is read and checked. */
  readonly kind: Kind<Value>
  /** For the compiler alone, no entry has it: what may be written, where that is more than the checked value. */
  readonly given?: Given
}

/** Must be given, in code or by its variable. */
export interface RequiredOption<Value, Given = Value> extends Option<Value, Given> {
  readonly presence: 'required'
  /** `shared-cookie`: only where the shared cookie is in use. */
  readonly where: 'always' | 'shared-cookie'
}

/** Has a default that depends on nothing. */
export interface DefaultedOption<Value, Given = Value> extends Option<Value, Given> {
  readonly presence: 'defaulted'
  readonly fallback: Value
}

/** Has a default that follows from something else: the code that resolves the options says it. */
export interface ComputedOption<Value, Given = Value> extends Option<Value, Given> {
  readonly presence: 'computed'
}

/** May be left out; then it is `undefined` once resolved. */
export interface OptionalOption<Value, Given = Value> extends Option<Value, Given> {
  readonly presence: 'optional'
}

/** Declares an option that must be given. */
export function required<Value, Given = Value>(
  kind: Kind<Value>,
  where: RequiredOption<Value>['where'] = 'always',
): RequiredOption<Value, Given> {
  return { presence: 'required', kind, where }
}

/** Declares an option with a default. */
export function defaulted<Value, Given = Value>(
  kind: Kind<Value>,
  fallback: NoInfer<Value>,
): DefaultedOption<Value, Given> {
  return { presence: 'defaulted', kind, fallback }
}

/** Declares an option whose default follows from something else. */
export function computed<Value, Given = Value>(kind: Kind<Value>): ComputedOption<Value, Given> {
  return { presence: 'computed', kind }
}

/** Declares an option that may be left out. */
export function optional<Value, Given = Value>(kind: Kind<Value>): OptionalOption<Value, Given> {
  return { presence: 'optional', kind }
}

/** Options by their names, nested as they are written. */
export interface OptionTable {
  readonly [name: string]: Option<unknown> | OptionTable
}

/** Whether an entry is an option, and not a group of them. */
export function isOption(entry: Option<unknown> | OptionTable): entry is Option<unknown> {
  return typeof entry.presence === 'string'
}

/** Every option by its path, as in `refresh.timeoutSeconds`, in the order of the table. */
export function optionsByPath(table: OptionTable, parent = ''): ReadonlyMap<string, Option<unknown>> {
  const found = new Map<string, Option<unknown>>()
  for (const [name, entry] of Object.entries(table)) {
    if (isOption(entry)) found.set(`${parent}${name}`, entry)
    else for (const [path, option] of optionsByPath(entry, `${parent}${name}.`)) found.set(path, option)
  }
  return found
}

/** The paths of a table. */
export type PathOf<T> = {
  [K in keyof T & string]: T[K] extends Option<unknown> ? K : `${K}.${PathOf<T[K]>}`
}[keyof T & string]

/** The checked value of the option at a path. */
export type ValueAt<T, P extends string> = P extends keyof T
  ? T[P] extends Option<infer Value, unknown>
    ? Value
    : never
  : P extends `${infer Head}.${infer Rest}`
    ? Head extends keyof T
      ? ValueAt<T[Head], Rest>
      : never
    : never

type RequiredName<T> = {
  [K in keyof T]: T[K] extends RequiredOption<infer _Value, infer _Given> ? K : never
}[keyof T]

/** What may be written for an entry. The inner type is written out, so that a message shows it and not this name. */
type Given<E> =
  E extends Option<infer _Value, infer G> ? G : InputOf<E> extends infer I ? { [K in keyof I]: I[K] } : never

type MustBeGiven<T> = { readonly [K in keyof T]: Given<T[K]> }
type MayBeGiven<T> = { readonly [K in keyof T]?: Given<T[K]> | undefined }

/**
 * What must be written in code for a table, each option with its docstring: editors find it, for the type is mapped over
 * names of the table itself. An interface extends this and `GivenOptional`, two types, so that messages say its own name.
 */
export type GivenRequired<T> = MustBeGiven<Pick<T, RequiredName<T>>>

/** What may be written besides. */
export type GivenOptional<T> = MayBeGiven<Omit<T, RequiredName<T>>>

/** What may be written in code for a table whose required options may come from variables as well. */
export type GivenAnywhere<T> = MayBeGiven<T>

/** What is written in code for a table. */
export type InputOf<T> = GivenRequired<T> & GivenOptional<T>

/** What has been read and checked, before defaults that follow from something else. */
export type CheckedOf<T> = {
  readonly [K in keyof T]: T[K] extends
    | OptionalOption<infer Value, unknown>
    | ComputedOption<infer Value, unknown>
    ? Value | undefined
    : T[K] extends Option<infer Value, unknown>
      ? Value
      : CheckedOf<T[K]>
}

/** Every option resolved: nothing is `undefined` but what may truly be absent. */
export type ResolvedOf<T> = {
  readonly [K in keyof T]: T[K] extends OptionalOption<infer Value, unknown>
    ? Value | undefined
    : T[K] extends Option<infer Value, unknown>
      ? Value
      : ResolvedOf<T[K]>
}
