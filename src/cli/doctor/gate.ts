/** @module Checks the gate for proxies: its secret, its policies, its tokens, and what reaches it from outside. */
import type { Environment } from '../../config/environment.js'
import { type ResolvedOptions, type SuiteOptions, usesSharedCookie } from '../../config/options.js'
import { gateSecretHeader } from '../../gate/gate.js'
import type { KeyRing } from '../../issuing/ring.js'
import { type Probe, ProbeError } from '../probe.js'
import { createFindings, type Finding } from './finding.js'
import { keysIn } from './key-set.js'
import { ask, explainSilence, type Visited } from './visits.js'

const { ok, warn, fail } = createFindings('gate')

const prefix = 'CITIZEN_ROUTES_GATE_'
const secretNames = [`${prefix}SECRET`, `${prefix}SECRET_FILE`]
/** What a backend allows by itself, as `verifyGateToken` and the examples do. */
const usualSkewSeconds = 30

const isSet = (environment: Environment, name: string): boolean => (environment[name] ?? '') !== ''

/** Variables of the gate that say something although there is no secret, and so no gate. */
function idleVariables(environment: Environment): readonly string[] {
  if (secretNames.some((name) => isSet(environment, name))) return []
  return Object.keys(environment).filter((name) => name.startsWith(prefix) && isSet(environment, name))
}

/**
 * The options of a gate that only code can give: nobody here sees them, so nothing is said about them. Absent: there is no
 * gate.
 */
export function unseenOptions(environment: Environment): SuiteOptions {
  if (!secretNames.some((name) => isSet(environment, name))) return {}
  const keys: Pick<KeyRing, 'signer' | 'published'> = { signer: unseen, published: unseen }
  return { routes: { gate: { keys: keys as KeyRing, subject: unseen } } }
}

async function unseen(): Promise<never> {
  throw new Error('the application has it in its code')
}

/** Examines the gate, where variables speak of one. */
export async function examineGate(
  probe: Probe,
  resolved: ResolvedOptions,
  environment: Environment,
): Promise<readonly Finding[]> {
  const { application, routes } = resolved
  const [idle] = idleVariables(environment)
  if (idle !== undefined) {
    const reason = 'is set, and no secret: there is no gate'
    const remedy = `set ${prefix}SECRET to what \`openssl rand -base64 32\` makes, here and at the proxy`
    return [warn('gate-without-secret', { target: idle, reason, remedy })]
  }
  if (routes.gate.secret === undefined) return []
  const base = `${application.url}${routes.path}`
  const accept = { accept: 'application/json' }
  const [keys, status] = await Promise.all([
    ask(probe, { url: `${base}/jwks.json`, headers: accept }),
    ask(probe, { url: `${base}/status`, headers: { ...accept, [gateSecretHeader]: 'doctor' } }),
  ])
  return [
    judgeTokens(resolved, base),
    ...judgeSecrets(routes.gate.secret),
    ...judgeCookies(resolved),
    judgeKeys(keys, `${base}/jwks.json`),
    judgeHeader(status, `${base}/status`),
  ]
}

/** For whom tokens are, and how long one that is out is good. */
function judgeTokens({ routes: { gate } }: ResolvedOptions, base: string): Finding {
  const policies = [...gate.policies].map(([name, { audience }]) => `${name} for ${audience}`).join(', ')
  const { tokenSeconds: seconds } = gate
  const reason = `policies (with their audiences): ${policies}; after a sign-out a token that is out is good for ${seconds} s at most, and ${seconds + usualSkewSeconds} s where a backend lets clocks differ by ${usualSkewSeconds} s`
  return ok('gate', { target: `${base}/gate`, reason })
}

function judgeSecrets(secrets: readonly string[]): readonly Finding[] {
  if (secrets.every((secret) => new Set(secret).size >= 12)) return []
  const reason = 'holds a secret of very few different characters: whoever guesses it asks as anybody'
  const remedy = 'make a new one with `openssl rand -base64 32` and put it before the old one'
  return [warn('gate-weak-secret', { target: `${prefix}SECRET`, reason, remedy })]
}

function judgeCookies(resolved: ResolvedOptions): readonly Finding[] {
  if (!usesSharedCookie(resolved) || resolved.routes.gate.cookies !== 'none') return []
  const reason =
    'is none: the shared cookie is not renewed through the gate, and people who stay behind it are signed out with its exp'
  const remedy = `have the pages behind the gate load client.js, or set ${prefix}COOKIES to what the proxy hands on`
  return [warn('gate-cookies', { target: `${prefix}COOKIES`, reason, remedy })]
}

function judgeKeys(visited: Visited, target: string): Finding {
  if (visited instanceof ProbeError) {
    return fail('gate-keys', { target, ...explainSilence(visited, target) })
  }
  const keys = visited.status === 200 ? keysIn(visited) : undefined
  if (keys !== undefined && keys.length > 0)
    return ok('gate-keys', { target, reason: 'backends find the keys' })
  const reason = `the answer is ${visited.status}, and no key set: no backend can verify a token`
  const remedy = `start the application with ${prefix}SECRET, and let the proxy pass the address on`
  return fail('gate-keys', { target, reason, remedy })
}

/** A header of this name from outside must not arrive: with the gate there is no such route for whoever sends it. */
function judgeHeader(visited: Visited, target: string): Finding {
  if (!(visited instanceof ProbeError) && visited.status === 200) {
    return ok('gate-header', {
      target,
      reason: 'the proxy takes Citizen-Gate-Secret away that comes from outside',
    })
  }
  const reason =
    visited instanceof ProbeError
      ? explainSilence(visited, target).reason
      : `Citizen-Gate-Secret arrives from outside (the answer is ${visited.status}): whoever learns the secret asks the gate from anywhere`
  const remedy =
    'have the proxy take Citizen-Gate-Secret and Citizen-Token away from what comes from outside, and answer the gate with 404 there'
  return warn('gate-header', { target, reason, remedy })
}
