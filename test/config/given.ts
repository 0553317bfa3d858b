/** @module A configuration that is good, and ways to change one place of it. */
import type { SuiteOptions } from '../../src/config/options.js'
import { resolveOptions } from '../../src/config/resolve.js'
import { ConfigurationError, type ConfigurationProblem } from '../../src/errors.js'
import { memoryStore } from '../../src/stores/memory/store.js'
import type { Store } from '../../src/stores/store.js'

/** A secret that is long enough. */
export const secret = 'Zk3vQ0pXw8yT1rLm6nBs9dFh2jKc5gAe'

/** What is required, and nothing else. */
export const required = {
  identityProvider: { url: 'https://id.example.gov' },
  sharedCookie: { domain: 'example.gov' },
  application: { id: 'benefits', url: 'https://benefits.example.gov' },
} satisfies SuiteOptions

/** An object with one more value at a path, as in `application.id`. The rest is copied. */
export function withValue(
  options: object,
  path: string,
  value: unknown,
): SuiteOptions & { readonly protocols?: undefined } {
  const [first = '', ...rest] = path.split('.')
  const before: unknown = Reflect.get(options, first)
  const inner = typeof before === 'object' && before !== null ? before : {}
  return { ...options, [first]: rest.length === 0 ? value : withValue(inner, rest.join('.'), value) }
}

/** The problems of a configuration; none when it resolves. */
export function problemsOf(
  options: unknown,
  environment: Readonly<Record<string, string | undefined>> = {},
): readonly ConfigurationProblem[] {
  try {
    resolveOptions(options as SuiteOptions, environment)
    return []
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems
    throw error
  }
}

/** The paths of the problems of a configuration. */
export function pathsOf(
  options: unknown,
  environment: Readonly<Record<string, string | undefined>> = {},
): readonly string[] {
  return problemsOf(options, environment).map((problem) => problem.path)
}

/** Something that looks like a store; nothing of it is ever called. */
export function storeLike(isShared: boolean): Store {
  const never = () => {
    throw new Error('the configuration does not use a store')
  }
  const methods = Object.keys(memoryStore()).filter((name) => name !== 'isShared')
  return { isShared, ...Object.fromEntries(methods.map((name) => [name, never])) } as unknown as Store
}
