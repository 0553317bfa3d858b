/** @module The options of a plug-in that has variables: read once for each environment, and told in every problem at once. */
import { ConfigurationError, type ConfigurationProblem } from '../errors.js'
import type { Environment } from './environment.js'

/** Options as they were read; `resolved` is there if and only if nothing is wrong. */
export interface PlugInOptions<Resolved> {
  readonly problems: readonly ConfigurationProblem[]
  readonly variables: ReadonlyMap<string, string>
  readonly resolved: Resolved | undefined
}

/** Options in one environment or another. */
export interface EnvironmentOptions<Resolved> {
  /** Reads them anew. */
  read(environment: Environment): PlugInOptions<Resolved>
  /** What was read last in this environment; else reads them. @throws ConfigurationError with every problem */
  resolve(environment: Environment): Resolved
}

/** Keeps what was read: files are read once for a suite, and what was checked is what is used. */
export function createEnvironmentOptions<Resolved>(
  readFrom: (environment: Environment) => PlugInOptions<Resolved>,
): EnvironmentOptions<Resolved> {
  const known = new WeakMap<Environment, PlugInOptions<Resolved>>()
  const read = (environment: Environment): PlugInOptions<Resolved> => {
    const options = readFrom(environment)
    known.set(environment, options)
    return options
  }
  return { read, resolve: (environment) => resolvedOf(known.get(environment) ?? read(environment)) }
}

/** The options where nothing is wrong. @throws ConfigurationError with every problem */
export function resolvedOf<Resolved>({ problems, resolved }: PlugInOptions<Resolved>): Resolved {
  if (resolved === undefined) throw new ConfigurationError(problems)
  return resolved
}
