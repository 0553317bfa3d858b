/** @module The plug-ins of a suite while it runs: added, replaced and removed, without a login or a session being lost. */

import { configurePlugIns } from '../config/plug-in-settings.js'
import { protocolList } from '../config/protocol-kind.js'
import { providerNamePattern } from '../config/provider-name.js'
import type { Endpoints } from '../endpoints.js'
import { ConfigurationError, type ConfigurationProblem } from '../errors.js'
import { misuse } from '../misuse.js'
import { sharedCookieName } from '../protocols/login-method.js'
import type { InstalledProtocol, Protocol } from '../protocols/protocol.js'
import type { SuiteProtocols } from '../suite.js'
import { enterProtocol, type PlugInBase, problemOfIssuer } from './plug-ins.js'

/** What the changes stand on. */
interface ProtocolsContext extends PlugInBase {
  readonly endpoints: Pick<Endpoints, 'enter' | 'leave'>
  /** What the plug-ins speak by their names. */
  readonly spoken: Map<string, string>
}

/** Makes `suite.protocols`. */
export function createSuiteProtocols(
  base: PlugInBase & { readonly endpoints: Pick<Endpoints, 'enter' | 'leave'> },
): SuiteProtocols {
  const spoken = new Map(base.options.protocols.map(({ name, protocol = name }) => [name, protocol]))
  const context: ProtocolsContext = { ...base, spoken }
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
  const protocol = configured(context, given)
  const { name } = protocol
  const mayStand = (): void => {
    if (context.protocols.has(name) || name === sharedCookieName) {
      throw refused(name, 'is there already: use suite.protocols.replace, or another name')
    }
  }
  mayStand()
  // Who began before a provider of that name was removed is not let in by the next one.
  await context.removals.ask(name)
  mayStand()
  enter(context, protocol)
  context.removals.noteAdded(name)
}

async function replace(context: ProtocolsContext, given: Protocol): Promise<void> {
  const protocol = configured(context, given)
  const { name } = protocol
  const before = context.protocols.get(name)
  if (before === undefined) throw refused(name, 'is not there: use suite.protocols.add')
  if (context.spoken.get(name) !== (protocol.protocol ?? name)) {
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
    spoken,
    sharedCookieProviders,
  }: ProtocolsContext,
  name: string,
): Promise<{ readonly acknowledged: boolean }> {
  if (typeof name !== 'string' || !providerNamePattern.test(name) || name === sharedCookieName) {
    throw misuse('suite.protocols.remove takes the name of a plug-in, as in citizen.provider')
  }
  const before = protocols.get(name)
  for (const registry of [protocols, loginMethods, participants, spoken, sharedCookieProviders]) {
    registry.delete(name)
  }
  if (before !== undefined) endpoints.leave(before)
  // Only now: whatever has begun by it did so before this time.
  const at = options.clock()
  removals.note(name, at)
  signals.lookAgain()
  const outcome = await removals.write(name, at, sessions.lifecycle.retainedUntil(at, 0))
  await before?.close?.()
  return outcome
}

/** Checks a plug-in as at the start, and reads what its options leave to the environment. */
function configured({ options, environment }: ProtocolsContext, given: Protocol): Protocol {
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
  const { protocols, problems } = configurePlugIns([given], environment)
  const [protocol] = protocols
  if (problems.length > 0 || protocol === undefined) throw new ConfigurationError(problems)
  return protocol
}

/** Installs a plug-in, in the place of the one before if there is one. */
function enter(context: ProtocolsContext, protocol: Protocol, before?: InstalledProtocol): void {
  const { endpoints, spoken, warn } = context
  const { name } = protocol
  const installed = enterProtocol(context, protocol, (made) => {
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
  spoken.set(name, protocol.protocol ?? name)
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
