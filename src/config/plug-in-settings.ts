/** @module The options of the plug-ins, each in the environment of one suite: read before anything is made. */
import type { ConfigurationProblem } from '../errors.js'
import type { Protocol, ProtocolSettings } from '../protocols/protocol.js'
import type { Environment } from './environment.js'

/** The plug-ins of a suite, and what is wrong with their options. */
export interface ConfiguredPlugIns {
  /** Each with what its options come to. */
  readonly protocols: readonly Protocol[]
  readonly problems: readonly ConfigurationProblem[]
  /** The variables of all, and of those beside them, with the path of what each holds. */
  readonly variables: ReadonlyMap<string, string>
}

/** Reads the options of each plug-in. `beside`: variables of plug-ins that are there already, with what each holds. */
export function configurePlugIns(
  given: readonly Protocol[],
  environment: Environment,
  beside: ReadonlyMap<string, string> = new Map(),
): ConfiguredPlugIns {
  const read = given.map((protocol) => ({ protocol, settings: protocol.settings?.(environment) }))
  const variables = new Map(beside)
  const problems: ConfigurationProblem[] = []
  for (const { protocol, settings } of read) {
    if (settings === undefined) continue
    problems.push(...settings.problems)
    const shared = [...settings.variables.keys()].find((name) => variables.has(name))
    if (shared !== undefined) {
      const message = `${protocol.name} has the variable ${shared} in common with another plug-in, as ${variables.get(shared)}: give one of them another name`
      problems.push({ path: 'protocols', variable: '', message })
    }
    for (const [name, path] of settings.variables) variables.set(name, path)
  }
  const protocols = read.map(({ protocol, settings }) =>
    settings === undefined ? protocol : withSettings(protocol, settings),
  )
  return { protocols, problems, variables }
}

/** The plug-in with what was read: it is read once. */
function withSettings(protocol: Protocol, settings: ProtocolSettings): Protocol {
  const { clockSkewSeconds, warnings } = settings
  const install: Protocol['install'] = (host) => protocol.install(host)
  return { ...protocol, clockSkewSeconds, warnings, settings: () => settings, install }
}
