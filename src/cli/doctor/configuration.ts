/** @module Checks the configuration by itself: every problem, every warning, and the times against each other. */

import { type Environment, textOfVariable } from '../../config/environment.js'
import {
  type ResolvedOptions,
  type ResolvedSharedCookieOptions,
  usesSharedCookie,
} from '../../config/options.js'
import { sensitivities } from '../../config/sensitivity.js'
import { warningsOf } from '../../config/warnings.js'
import type { ConfigurationError } from '../../errors.js'
import { createFindings, type Finding } from './finding.js'

const configuration = createFindings('configuration')
const times = createFindings('times')

/** Every problem of a configuration that cannot be used. */
export function judgeProblems(error: ConfigurationError, environment: Environment): readonly Finding[] {
  return error.problems.map(({ path, variable, message }) =>
    configuration.fail('configuration', {
      target: path,
      reason: message,
      remedy: variable === '' ? 'correct it in the code' : remedyFor(variable, environment),
    }),
  )
}

/** One that is there is wrong, its name perhaps: nobody is told to set that once more. */
function remedyFor(variable: string, environment: Environment): string {
  return `${textOfVariable(environment, variable) === undefined ? 'set' : 'correct'} ${variable}`
}

const remedies: Readonly<Record<ReturnType<typeof warningsOf>[number]['code'], string>> = {
  'idle-longer-than-recommended': 'set CITIZEN_APPLICATION_IDLE_SECONDS lower, or another sensitivity',
  'absolute-longer-than-recommended':
    'set CITIZEN_APPLICATION_ABSOLUTE_SECONDS lower, or another sensitivity',
  'memory-store-in-production': 'set CITIZEN_STORE_URL to a Redis that all processes share',
  'plain-http': 'serve the application over https and set CITIZEN_APPLICATION_URL to that address',
  'persistent-cookie': 'set CITIZEN_SHARED_COOKIE_PERSISTENT to false, unless the provider does the same',
  'routes-outside-cookie': 'set CITIZEN_ROUTES_PATH to a path below CITIZEN_SHARED_COOKIE_PATH',
  'weak-secret': 'make a new one with `openssl rand -base64 32` and put it before the old one',
  'plain-redis-in-production': 'write rediss:// in CITIZEN_STORE_URL or CITIZEN_REVOCATIONS_URL',
}

/** The warnings of a configuration that can be used. */
export function judgeConfiguration(resolved: ResolvedOptions, environment: Environment): readonly Finding[] {
  const warnings = warningsOf(resolved, environment)
  if (warnings.length === 0) return [configuration.ok('configuration', { reason: 'every option holds' })]
  return warnings.map(({ code, message }) =>
    configuration.warn(code, { reason: message, remedy: remedies[code] }),
  )
}

/**
 * The times against NIST SP 800-63B-4 (sections 2.1.3, 2.2.3, 2.3.3) and against the life of a token.
 * `tokenSeconds`: life of a real token, where one was given. `openid`: what OpenID providers say of sessions.
 */
export function judgeTimes(
  resolved: ResolvedOptions,
  tokenSeconds: number | undefined,
  openid: readonly SessionPolicy[] = [],
): readonly Finding[] {
  return [
    judgeLevel(resolved),
    ...(usesSharedCookie(resolved) ? judgeTokenLife(resolved, tokenSeconds) : []),
    ...openid.map((policy) => judgeSessionExpiry(resolved, policy)),
  ]
}

/** What an OpenID provider says of the sessions that it begins. */
export interface SessionPolicy {
  readonly issuer: string
  /** Whether its ID tokens say when a session is to end. */
  readonly saysSessionExpiry: boolean
}

/** Source: OpenID IPSIE SL1. */
function judgeSessionExpiry(
  { application: { absoluteSeconds } }: ResolvedOptions,
  { issuer, saysSessionExpiry }: SessionPolicy,
): Finding {
  return saysSessionExpiry
    ? times.ok('session-expiry', {
        target: issuer,
        reason: `says when a session is to end (session_expiry): it ends then, and after ${absoluteSeconds} s in any case`,
      })
    : times.skipped('session-expiry', {
        target: issuer,
        reason: `does not name session_expiry among its claims: unless its ID tokens have it, a session ends after ${absoluteSeconds} s whatever the provider's own policy is`,
      })
}

function judgeLevel({
  application: { idleSeconds, absoluteSeconds, sensitivity },
}: ResolvedOptions): Finding {
  const met = Object.values(sensitivities).find(
    ({ recommended }) =>
      (recommended.idleSeconds === undefined || idleSeconds <= recommended.idleSeconds) &&
      absoluteSeconds <= recommended.absoluteSeconds,
  )
  const said = `idle ${idleSeconds} s, absolute ${absoluteSeconds} s`
  if (met === undefined) {
    return times.warn('level', {
      reason: `${said}: longer than NIST SP 800-63B-4 recommends for any level`,
      remedy: 'set CITIZEN_APPLICATION_ABSOLUTE_SECONDS to 2592000 (30 days) or less',
    })
  }
  const wanted = sensitivities[sensitivity].level
  const level = met.level.toUpperCase()
  return times.ok('level', {
    reason: `${said}: within NIST SP 800-63B-4 for ${level}${
      met.level === wanted ? '' : `; ${sensitivity} stands for ${wanted.toUpperCase()}`
    }`,
  })
}

function judgeTokenLife(
  resolved: ResolvedSharedCookieOptions,
  tokenSeconds: number | undefined,
): readonly Finding[] {
  if (tokenSeconds === undefined) {
    return [
      times.skipped('token-life', {
        reason: 'how long a token lives is not known without one',
        remedy: 'give the cookies of a signed-in browser with --token-file',
      }),
    ]
  }
  const { idleSeconds } = resolved.application
  const after = resolved.identityProvider.refresh.afterSeconds
  if (after !== undefined && after >= tokenSeconds) {
    return [
      times.fail('refresh-after-token', {
        reason: `a token lives ${tokenSeconds} s and would be extended after ${after} s: never`,
        remedy: 'set CITIZEN_IDENTITY_PROVIDER_REFRESH_AFTER_SECONDS to less, or leave it out',
      }),
    ]
  }
  // The token may be as old as that when the person was last active, and is not extended before.
  const left = tokenSeconds - (after ?? tokenSeconds / 2)
  if (idleSeconds > left) {
    return [
      times.warn('idle-longer-than-token', {
        reason: `idle is ${idleSeconds} s, but a token lives ${tokenSeconds} s and may have only ${left} s left when the person stops: the session can end that early, as token-expired`,
        remedy: `set CITIZEN_APPLICATION_IDLE_SECONDS to ${Math.floor(left)} or less, or let the provider issue tokens of ${2 * idleSeconds} s`,
      }),
    ]
  }
  return [times.ok('token-life', { reason: `a token lives ${tokenSeconds} s, longer than an idle session` })]
}
