/** @module The expiry of a protocol's tokens: it decides whether anybody is signed in while they cannot be renewed. */
import type { LiveRecord, RecordAddress } from '../session-record.js'
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

/** When the tokens of a session expire. A record knows the latest time that any of its tokens had. */
export function tokensExpireAt(
  { tokenExpiresAt }: Tokens,
  { sooner }: Pick<ProtocolDetails, 'sooner'>,
): number {
  return sooner?.than === tokenExpiresAt ? sooner.at : tokenExpiresAt
}

/** What is noted of tokens in the place of others; `undefined`: the record itself will say their time. */
export function soonerThan({ tokenExpiresAt: than }: Tokens, at: number): ProtocolDetails['sooner'] {
  return at < than ? { than, at } : undefined
}

/** The part of the tokens' life over which renewals are spread that would all be due at the same moment. */
const spreadOfRenewals = 1 / 10
/** Shorter lives are not spread: it would be by seconds, and half of such a life is counted upon. Milliseconds. */
const shortestSpread = 300_000

/**
 * At what age tokens of that life, in milliseconds, are renewed: as `afterSeconds` says, else when two to two and a half
 * fifths of it are over, by the session's {@link renewalShare}; when half of it is, where it is short. Earlier than half of it, not later: what is left must last
 * for an idle time of half of it.
 */
export function ageAtRenewal(afterSeconds: number | undefined, life: number, share: number): number {
  const spread = life < shortestSpread ? 0 : spreadOfRenewals * share
  const age = afterSeconds === undefined ? life * (1 / 2 - spread) : afterSeconds * 1000
  return Math.max(Math.min(age, life), 0)
}

const shares = 1009

/** From 0 to 1: how much earlier than others a session is renewed; the same in every process, by its digest. */
export function renewalShare({ session }: Pick<RecordAddress, 'session'>): number {
  let number = 0
  for (const character of session.slice(0, 4)) number = (number * 37 + character.charCodeAt(0)) % shares
  return number / shares
}
