/** @module The gate of one suite, where there is a secret for it. */
import { randomText } from '../digest.js'
import type { SuiteGate } from '../endpoints.js'
import { createGate, type GateContext } from '../gate/gate.js'
import { createGateTokens } from '../gate/gate-tokens.js'
import { createJwksHandler } from '../issuing/jwks.js'
import { memoryKeys } from '../issuing/memory-keys.js'
import { createKeyRing, type KeyRing } from '../issuing/ring.js'
import type { Credentials } from './credentials.js'
import type { Foundation } from './foundation.js'
import type { Registries } from './registries.js'

type Base = Pick<Foundation, 'options' | 'report'> &
  Pick<Registries, 'loginMethods'> &
  Pick<Credentials, 'authenticator'>

/** A key of a process signs for so long. */
const ninetyDays = 7_776_000

/** Makes it; `undefined` without a secret. */
export function createSuiteGate(
  { options, report, loginMethods, authenticator }: Base,
  parts: Pick<GateContext, 'pages' | 'refuse' | 'admit'>,
): SuiteGate | undefined {
  const { application, routes, clock } = options
  const { gate: settings, path: routesPath } = routes
  if (settings.secret === undefined) return undefined
  const keys = settings.keys ?? ownKeys(options)
  const issuer = `${application.url}${application.path}`
  const handleKeySet = createJwksHandler(keys)
  const answer = createGate({
    ...parts,
    settings,
    secrets: settings.secret,
    origin: application.url,
    routesPath,
    startPage: application.startPage,
    clock,
    authenticate: authenticator.authenticate,
    unavailableBecause: authenticator.unavailableBecause,
    waysToSignIn: () => loginMethods.size,
    tokens: createGateTokens({ keys, issuer, settings, clock }),
    report,
  })
  return { answer, keySet: (exchange) => handleKeySet(exchange, undefined) }
}

/** Keys for the life of this process. Backends that know the key of an earlier one find no key of that name, and ask anew. */
function ownKeys({ clock, random }: Foundation['options']): KeyRing {
  const name = `gate-${randomText(random, 6)}`
  return createKeyRing({ storage: memoryKeys(), name, rotateEverySeconds: ninetyDays, clock })
}
