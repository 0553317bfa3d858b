/** @module The plug-ins of a suite while it runs: added, replaced and removed, without a login or a session being lost. */

import { misspelt } from '../config/environment.js'
import { configurePlugIns } from '../config/plug-in-settings.js'
import { protocolList } from '../config/protocol-kind.js'
import { providerNamePattern, rootFor } from '../config/provider-name.js'
import { type Endpoints, routeTaken } from '../endpoints.js'
import { ConfigurationError, type ConfigurationProblem } from '../errors.js'
import { misuse } from '../misuse.js'
import { sharedCookieName } from '../protocols/login-method.js'
import type { InstalledProtocol, Protocol } from '../protocols/protocol.js'
import type { SuiteProtocols } from '../suite.js'
import { enterProtocol, type PlugInBase, problemOfIssuer } from './plug-ins.js'

/** What the changes stand on. */
interface ProtocolsContext extends PlugInBase {
  readonly endpoints: Pick<Endpoints, 'enter' | 'leave' | 'takenFrom'>
  /** The plug-ins as they were configured, by their names. */
  readonly configured: Map<string, Protocol>
}

/** Makes `suite.protocols`. */
export function createSuiteProtocols(
  base: PlugInBase & { readonly endpoints: Pick<Endpoints, 'enter' | 'leave' | 'takenFrom'> },
): SuiteProtocols {
  const context: ProtocolsContext = {
    ...base,
    configured: new Map(base.options.protocols.map((protocol) => [protocol.name, protocol])),
  }
  return {
    get names() {
      return [...base.protocols.keys()]
    },
    add: (protocol) => add(context, protocol),
    replace: (protocol) => replace(context, protocol),
    remove: (name) => remove(context, name),
  }
}

async function add(context: ProtocolsContext, given: Protocol): Promise<void> {
  const protocol = configure(context, given)
  const { name } = protocol
  const mayStand = (): void => {
    if (context.protocols.has(name) || name === sharedCookieName) {
      throw refused(name, 'is there already: use suite.protocols.replace, or another name')
    }
  }
  mayStand()
  // Who began before a provider of that name was removed is not let in by the next one.
  await context.removals.learn(name)
  mayStand()
  enter(context, protocol)
  context.removals.noteAdded(name)
}

async function replace(context: ProtocolsContext, given: Protocol): Promise<void> {
  const protocol = configure(context, given)
  const { name } = protocol
  const before = context.protocols.get(name)
  if (before === undefined) throw refused(name, 'is not there: use suite.protocols.add')
  if (spokenBy(context.configured.get(name)) !== spokenBy(protocol)) {
    throw refused(
      name,
      'speaks another protocol than the one before: remove that, and add this under another name',
    )
  }
  enter(context, protocol, before)
  await before.close?.()
}

async function remove(
  {
    protocols,
    loginMethods,
    participants,
    endpoints,
    removals,
    options,
    sessions,
    signals,
    configured,
    sharedCookieProviders,
  }: ProtocolsContext,
  name: string,
): Promise<{ readonly acknowledged: boolean }> {
  if (typeof name !== 'string' || !providerNamePattern.test(name) || name === sharedCookieName) {
    throw misuse('suite.protocols.remove takes the name of a plug-in, as in citizen.provider')
  }
  const before = protocols.get(name)
  for (const registry of [protocols, loginMethods, participants, configured, sharedCookieProviders]) {
    registry.delete(name)
  }
  if (before !== undefined) endpoints.leave(before)
  // Only now: whatever has begun by it did so before this time.
  const at = options.clock()
  removals.note(name, at)
  signals.lookAgain()
  try {
    return await removals.write(name, at, sessions.lifecycle.retainedUntil(at, 0))
  } finally {
    await before?.close?.()
  }
}

const spokenBy = (plugIn: Protocol | undefined): string | undefined => plugIn?.protocol ?? plugIn?.name

/** Checks a plug-in as at the start, and reads what its options leave to the environment. */
function configure({ options, environment, configured }: ProtocolsContext, given: Protocol): Protocol {
  if (!options.takesProtocols) {
    throw new ConfigurationError([
      { path: 'protocols', variable: '', message: 'write a list at the start, be it empty: protocols: []' },
    ])
  }
  if (!options.areSecretsGiven) {
    throw new ConfigurationError([
      {
        path: 'application.secrets',
        variable: 'CITIZEN_APPLICATION_SECRETS',
        message: 'is missing: a protocol needs secrets that every process has',
      },
    ])
  }
  const checked = protocolList.check([given], { isProduction: options.isProduction })
  if ('problem' in checked) throw refused('', checked.problem)
  const others = [...configured.values()].filter(({ name }) => name !== given.name)
  const beside = new Map(others.flatMap((other) => [...(other.settings?.(environment).variables ?? [])]))
  const { protocols, problems, variables } = configurePlugIns([given], environment, beside)
  const isItsOwn = ({ path }: ConfigurationProblem) =>
    !others.some((other) => path.startsWith(`${rootFor(spokenBy(other) ?? '', other)}.`))
  const mistakes = misspelt(environment, variables).filter(isItsOwn)
  const [protocol] = protocols
  if (protocol === undefined || problems.length + mistakes.length > 0) {
    throw new ConfigurationError([...problems, ...mistakes])
  }
  return protocol
}

/** Installs a plug-in, in the place of the one before if there is one. */
function enter(context: ProtocolsContext, protocol: Protocol, before?: InstalledProtocol): void {
  const { endpoints, configured, warn } = context
  const { name } = protocol
  const installed = enterProtocol(context, protocol, (made) => {
    const route = endpoints.takenFrom(made, before)
    if (route !== undefined) return routeTaken(name, route)
    const problem =
      before === undefined
        ? problemOfIssuer(context, name, made.issuer)
        : made.issuer === before.issuer
          ? undefined
          : 'has another issuer than the one before: remove that, and add this under another name'
    return problem === undefined ? undefined : refused(name, problem)
  })
  if (before !== undefined) endpoints.leave(before)
  endpoints.enter(installed)
  configured.set(name, protocol)
  for (const warning of protocol.warnings ?? []) warn(warning)
}

function refused(name: string, message: string): ConfigurationError {
  const problem: ConfigurationProblem = {
    path: name === '' ? 'protocols' : `protocols.${name}`,
    variable: '',
    message,
  }
  return new ConfigurationError([problem])
}
