/** @module The expiry of a protocol's tokens: it decides whether anybody is signed in while they cannot be renewed. */
import type { TokenRefresh } from '../protocols/token-refresh.js'
import type { LiveRecord } from '../session-record.js'
import type { ProtocolDetails } from './record.js'

type Tokens = Pick<LiveRecord, 'tokenExpiresAt'>

/** Whether the last try to renew the tokens of a session came to nothing. Newer tokens make that void by themselves. */
export function isDegraded({ tokenExpiresAt }: Tokens, details: Pick<ProtocolDetails, 'degraded'>): boolean {
  return details.degraded?.tokensExpireAt === tokenExpiresAt
}

/**
 * Whether the time of a session's tokens is over and no new ones could be had: nobody is signed in by it until there
 * are. That is no end, since the provider has said nothing about the session. Source: `REF-2`, `HLD-07`.
 */
export function areTokensOver(
  record: Tokens,
  details: Pick<ProtocolDetails, 'degraded'>,
  now: number,
): boolean {
  return now >= lastingUntil(record, details)
}

/** Until when somebody is signed in by these tokens; without end while they can be renewed. */
export function lastingUntil(record: Tokens, details: Pick<ProtocolDetails, 'degraded'>): number {
  const lastsUntil = isDegraded(record, details) ? details.degraded?.lastsUntil : undefined
  return lastsUntil ?? Number.POSITIVE_INFINITY
}

/**
 * At what age tokens of that life are renewed. Providers shorten it towards the end of their session: what the record
 * says of it is older.
 */
export function ageAtRenewal({ afterSeconds }: TokenRefresh, life: number): number {
  return Math.max(Math.min(afterSeconds === undefined ? life / 2 : afterSeconds * 1000, life), 0)
}
