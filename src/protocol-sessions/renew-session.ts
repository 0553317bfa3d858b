/** @module A session whose provider has given new tokens, new claims, or another name: written under its generation. */
import type { ProtocolSession, ProtocolSessions, SessionIndexKey } from '../protocols/sessions.js'
import type { LiveRecord, RecordAddress } from '../session-record.js'
import { openDetails, sessionOf } from '../sessions/record.js'
import { reviseDetails } from '../sessions/revise.js'
import { soonerThan } from '../sessions/token-expiry.js'
import type { PluginSessionsContext } from './context.js'
import { concernsNewName, indexKeysToKeep } from './index-keys.js'

type Change = Parameters<ProtocolSessions['renew']>[1]

/** Takes up what the provider has given, unless the tokens are just being renewed. @throws StoreUnavailableError */
export async function renewSession(
  context: PluginSessionsContext,
  { address, record, issuer, tokens }: ProtocolSession,
  change: Change,
): Promise<'renewed' | 'busy' | 'gone'> {
  const { sealer, tokenVault, lifecycle, options } = context
  if (openDetails(sealer, address, record.sealed).own === undefined) return 'gone'
  const outcome = await tokenVault.withTokenLock(address, async () => {
    // What has been renewed since it was read would be lost, and with it a refresh token that is not spent.
    if ((await tokenVault.tokensOf(address)) !== tokens) return 'busy'
    const named = await giveName(context, address, record, { ...change, issuer })
    if (named !== 'named') return named
    if ((await writeChange(context, address, record, change)) === undefined)
      return whyUnwritten(context, address)
    if (change.endsAt !== undefined) {
      const move = { providerEnd: change.endsAt, now: options.clock() }
      await lifecycle.moveProviderEnd(address, record, move)
    }
    const isKept = await tokenVault.keep(address, record, change.tokens, change.tokensExpireAt)
    return isKept ? 'renewed' : whyUnwritten(context, address)
  })
  return outcome ?? 'busy'
}

function writeChange(
  context: PluginSessionsContext,
  address: RecordAddress,
  record: LiveRecord,
  change: Change,
): Promise<LiveRecord | undefined> {
  const tokenLife = Math.max(change.tokensExpireAt - change.tokensIssuedAt, 0)
  return reviseDetails(context, address, record, ({ own: known, ...details }, found) => ({
    level: change.level ?? found.level,
    details: {
      ...details,
      own: known && {
        ...known,
        tokenLife,
        sooner: soonerThan(found, change.tokensExpireAt),
        sessionValue: change.sessionValue ?? known.sessionValue,
        claims: change.claims ?? known.claims,
        method: change.method ?? known.method,
        extended: change.extended ?? known.extended,
        pointers: indexKeysToKeep(context.store, change.indexKeys ?? [], known.pointers),
      },
    },
  }))
}

/** Gives a live session other names of the provider. One that has been revoked ends the session. */
async function giveName(
  context: PluginSessionsContext,
  address: RecordAddress,
  record: LiveRecord,
  name: {
    readonly issuer: string
    readonly sessionValue?: string | undefined
    readonly indexKeys?: readonly SessionIndexKey[] | undefined
  },
): Promise<'named' | 'busy' | 'gone'> {
  const { options, store, lifecycle } = context
  const { issuer, sessionValue, indexKeys = [] } = name
  const now = options.clock()
  const retainUntil = Math.max(record.retainUntil, lifecycle.retainedUntil(now, record.tokenExpiresAt))
  let isRevoked = false
  for (const indexKey of indexKeys) {
    const revocation = await store.noteIndexKey(indexKey.key, address.person, retainUntil)
    isRevoked ||= revocation !== undefined && concernsNewName(indexKey, revocation, record)
  }
  if (!isRevoked && sessionValue === undefined) return 'named'
  const session = sessionOf(issuer, sessionValue ?? '')
  if (!isRevoked && (await store.alias(address, record.generation, session))) {
    return (await lifecycle.addName(address, record, session)) ? 'named' : whyUnwritten(context, address)
  }
  // Not named is not revoked: another tab may have begun a generation, which this end does not concern.
  const { record: after } = await lifecycle.end(address, record, { reason: 'revoked', at: now }, now)
  return after?.state === 'live' ? 'busy' : 'gone'
}

/** What a write came to that was not done: the session goes on under another generation, or is over. */
async function whyUnwritten(
  { store }: PluginSessionsContext,
  address: RecordAddress,
): Promise<'busy' | 'gone'> {
  return (await store.read(address))?.state === 'live' ? 'busy' : 'gone'
}
