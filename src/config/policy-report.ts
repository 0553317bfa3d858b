/** @module The session policy that a configuration amounts to, as plain rows. */

import { type ResolvedOptions, type ResolvedSharedCookieOptions, usesSharedCookie } from './options.js'
import { sensitivities } from './sensitivity.js'
import { isSharedStore } from './store-kind.js'

/** One value of the policy that is in force. */
export interface PolicyRow {
  readonly topic: 'idle' | 'absolute' | 'concurrency' | 'federation'
  /** What the value is of, in plain words. */
  readonly setting: string
  readonly value: string
}

/** The values in force, for documentation and inspection. Source: ASVS 5.0, 7.1.1 to 7.1.3 (`ASV-01`). */
export function inForce(resolved: ResolvedOptions): readonly PolicyRow[] {
  const { application, store } = resolved
  const { level, recommended } = sensitivities[application.sensitivity]
  const limit = (seconds: number | undefined) => (seconds === undefined ? 'no limit' : `${seconds} s`)
  return [
    row('idle', 'session without activity ends after', `${application.idleSeconds} s`),
    row('idle', `longest recommended for ${level.toUpperCase()}`, limit(recommended.idleSeconds)),
    row('idle', 'an idle session needs', idleNeeds[application.onIdle]),
    row('absolute', 'session ends in any case after', `${application.absoluteSeconds} s`),
    row('absolute', `longest recommended for ${level.toUpperCase()}`, limit(recommended.absoluteSeconds)),
    row('absolute', 'a session past its limit needs', 'a new authentication'),
    row(
      'concurrency',
      'sessions of one person at the same time',
      `at most ${application.sessionsPerPerson}, beyond which the one that was seen the longest ago ends; listed and ended by suite.sessions`,
    ),
    row(
      'concurrency',
      'sessions are seen by',
      isSharedStore(store) ? 'all processes on the store' : 'this process',
    ),
    ...(usesSharedCookie(resolved) ? federation(resolved) : []),
    ...resolved.protocols.map(({ name }) => row('federation', 'other way to sign in', name)),
  ]
}

/** What is in force towards the provider of the shared cookie. */
function federation({
  identityProvider,
  sharedCookie,
  revocations,
}: ResolvedSharedCookieOptions): readonly PolicyRow[] {
  const { refresh } = identityProvider
  return [
    row('federation', 'identity provider', identityProvider.url),
    row(
      'federation',
      'identity session is extended',
      refresh.afterSeconds === undefined
        ? "on activity, past 40 to 50 % of the token's life"
        : `on activity, when the token is older than ${refresh.afterSeconds} s`,
    ),
    row(
      'federation',
      'while the provider cannot be reached',
      refresh.onUnavailable === 'keep' ? 'the session lives until the token expires' : 'the session ends',
    ),
    row('federation', 'clock skew that is tolerated', `${identityProvider.clockSkewSeconds} s`),
    row(
      'federation',
      'signing out ends',
      `every application on ${sharedCookie.domain === false ? 'this host' : sharedCookie.domain} that shares ${
        revocations === undefined ? 'the store' : 'the revocations'
      }, and the session at the identity provider`,
    ),
  ]
}

function row(topic: PolicyRow['topic'], setting: string, value: string): PolicyRow {
  return { topic, setting, value }
}

const idleNeeds: Readonly<Record<ResolvedOptions['application']['onIdle'], string>> = {
  reauthenticate: 'a new authentication',
  resume: 'a visit to the login',
  'end-everywhere': 'a new sign-in: it is ended in all applications',
}
