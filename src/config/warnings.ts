/** @module What a configuration allows but somebody should know: said once at start. */

import { isLoopbackHost } from '../host-names.js'
import { parseUrl } from '../parse-url.js'
import { pathMatches } from '../path-match.js'
import type { Environment } from './environment.js'
import type { ResolvedOptions } from './options.js'
import { isProduction } from './resolve.js'
import { sensitivities } from './sensitivity.js'

/** A warning about a configuration that is accepted. */
export interface ConfigurationWarning {
  /** Stable, for programs. */
  readonly code:
    | 'idle-longer-than-recommended'
    | 'absolute-longer-than-recommended'
    | 'memory-store-in-production'
    | 'plain-http'
    | 'persistent-cookie'
    | 'routes-outside-cookie'
    | 'weak-secret'
    | 'plain-redis-in-production'
  /** For the developer: what it means and what to write. */
  readonly message: string
}

/** Everything that is said at the start: of the configuration, and of what the plug-ins were given. */
export function warningsAtStart(
  resolved: ResolvedOptions,
  environment: Environment,
): readonly { readonly code: string; readonly message: string }[] {
  const ofProtocols = resolved.protocols.flatMap(({ warnings }) => warnings ?? [])
  return [...warningsOf(resolved, environment), ...ofProtocols]
}

/**
 * The warnings that a resolved configuration deserves; none for the defaults on https with a shared store.
 * Source: NIST SP 800-63B-4, sections 2.1.3, 2.2.3, 2.3.3 and 5.1.1.
 */
export function warningsOf(
  resolved: ResolvedOptions,
  environment: Environment,
): readonly ConfigurationWarning[] {
  const warnings: ConfigurationWarning[] = []
  const warn = (code: ConfigurationWarning['code'], message: string) => warnings.push({ code, message })
  const { sensitivity, idleSeconds, absoluteSeconds, secrets } = resolved.application
  const { level, recommended } = sensitivities[sensitivity]
  const basis = `is longer than NIST SP 800-63B-4 recommends for ${level.toUpperCase()}, which ${sensitivity} stands for`

  if (recommended.idleSeconds !== undefined && idleSeconds > recommended.idleSeconds) {
    warn(
      'idle-longer-than-recommended',
      `application.idleSeconds ${idleSeconds} ${basis}: at most ${recommended.idleSeconds}`,
    )
  }
  if (absoluteSeconds > recommended.absoluteSeconds) {
    warn(
      'absolute-longer-than-recommended',
      `application.absoluteSeconds ${absoluteSeconds} ${basis}: at most ${recommended.absoluteSeconds}`,
    )
  }
  if (isProduction(environment) && (resolved.store === undefined || isMemory(resolved.store))) {
    warn(
      'memory-store-in-production',
      'sessions are remembered in this process only: a restart forgets who signed out, and other processes do not see it; set store (CITIZEN_STORE_URL)',
    )
  }
  if (!resolved.isSecure) {
    warn(
      'plain-http',
      'application.url is plain http: our cookies have neither prefix nor Secure; this is for development only',
    )
  }
  if (resolved.sharedCookie?.persistent) {
    warn(
      'persistent-cookie',
      'sharedCookie.persistent is true: whoever opens the browser next is still signed in until the token expires',
    )
  }
  const { sharedCookie, routes } = resolved
  if (sharedCookie !== undefined && !pathMatches(`${routes.path}/return`, sharedCookie.path)) {
    warn(
      'routes-outside-cookie',
      `the shared cookie has the path ${sharedCookie.path}, so no browser sends it to ${routes.path}, and no sign-in can come back: write a routes.path below it`,
    )
  }
  if (secrets.some((secret) => new Set(secret).size < 12)) {
    warn(
      'weak-secret',
      'application.secrets holds a secret of very few different characters: make it at random',
    )
  }
  if (isProduction(environment) && [resolved.store, resolved.revocations].some(isPlainRemoteRedis)) {
    warn('plain-redis-in-production', 'a Redis on another host is reached without TLS: write rediss://')
  }
  return warnings
}

function isMemory(store: NonNullable<ResolvedOptions['store']>): boolean {
  return typeof store !== 'string' && !store.isShared
}

function isPlainRemoteRedis(store: ResolvedOptions['store']): boolean {
  const hosts =
    typeof store === 'string' ? /^redis(?:\+\w+)?:\/\/(?:[^@/]*@)?([^/?#]+)/.exec(store)?.[1] : undefined
  return (hosts ?? '')
    .split(',')
    .filter((host) => host !== '')
    .some((host) => {
      const address = parseUrl(`redis://${host}`)
      return address === undefined || !isLoopbackHost(address.hostname)
    })
}
