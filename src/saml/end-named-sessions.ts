/** @module Ends what a LogoutRequest of the provider names, on all instances, and says whether all of it has ended. */
import type { Exchange } from '../exchange.js'
import type {
  EndedSessions,
  ProtocolSession,
  ProviderSessionScope,
  SessionIndexKey,
} from '../protocols/sessions.js'
import type { EndReason } from '../session-record.js'
import { personOf } from '../sessions/record.js'
import type { LogoutRequest } from './logout-request.js'
import { isSameNameId } from './name-id.js'
import { type Named, soughtKeys } from './name-keys.js'
import type { ServiceProvider } from './service-provider.js'
import { subjectOf } from './stored-name-id.js'

/** What became of the sessions. `unfinished`: some could not be ended, or nobody can say. */
export type NamedOutcome = 'ended' | 'unknown-person' | 'unfinished'

/** What a request comes with; both are `undefined` where it comes by no browser. */
export interface BroughtBy {
  readonly exchange: Exchange | undefined
  /** The session of the browser that the request fits. */
  readonly session: ProtocolSession | undefined
}

/** Ends every session that the request names, and the one that it fits. @throws StoreUnavailableError */
export async function endNamedSessions(
  provider: ServiceProvider,
  request: LogoutRequest,
  brought: BroughtBy,
): Promise<NamedOutcome> {
  const results = [
    ...(await endIndexed(provider, request)),
    ...(await endShared(provider, request, brought)),
    ...(await endBrought(provider, request, brought)),
  ]
  if (results.some(({ acknowledged }) => !acknowledged)) return 'unfinished'
  return results.some(({ persons }) => persons > 0) ? 'ended' : 'unknown-person'
}

/** An administrator's end is followed by a new authentication alone, the person's own by any that is later. */
function reasonOf({ isByAdministrator }: LogoutRequest): EndReason {
  return isByAdministrator ? 'revoked' : 'identity-ended'
}

/** Found by name and index and never by a cookie. */
async function endIndexed(
  provider: ServiceProvider,
  request: LogoutRequest,
): Promise<readonly EndedSessions[]> {
  const { host, options } = provider
  const { nameId, sessionIndexes } = request
  const reason = reasonOf(request)
  if (sessionIndexes.length === 0) {
    const keys = await indexKeysOf(provider, { nameId }, 'person')
    return [await host.sessions.revokeByIndex(keys, 'all', reason)]
  }
  const results: EndedSessions[] = []
  for (const sessionIndex of sessionIndexes) {
    const keys = await indexKeysOf(provider, { nameId, sessionIndex }, 'session')
    const scope = { sessionValue: sessionIndex, issuer: options.identityProvider }
    results.push(await host.sessions.revokeByIndex(keys, scope, reason))
  }
  return results
}

async function indexKeysOf(
  { host, options, parties }: ServiceProvider,
  named: Named,
  kind: SessionIndexKey['kind'],
): Promise<readonly SessionIndexKey[]> {
  const { keys, earlier } = soughtKeys(named, parties, options.nameIdFormat)
  const toIndexKey = (key: string): SessionIndexKey => ({ key, kind })
  const known = await Promise.all(
    earlier.map(async (key) => ((await host.sessions.isIndexed(toIndexKey(key))) ? [toIndexKey(key)] : [])),
  )
  return [...keys.map(toIndexKey), ...known.flat()]
}

/** Sessions of the shared cookie, where it is in use: of the same name, and those that the browser brings. */
async function endShared(
  provider: ServiceProvider,
  request: LogoutRequest,
  { exchange, session }: BroughtBy,
): Promise<readonly EndedSessions[]> {
  const { host, parties } = provider
  const issuers = host.options.identityProvider?.issuers ?? []
  const { value, format } = request.nameId
  // The shared cookie knows a person by a value alone: with another qualifier it is somebody else's.
  const isPlain = isSameNameId(request.nameId, { value, format }, parties)
  if (issuers.length === 0 || !isPlain) return []
  const results = await endSharedOf(provider, issuers, request)
  if (exchange === undefined) return results
  // Anybody can bring a request that was made for themselves into the browser of another: SLO-10.
  const isOwn =
    session !== undefined ||
    (await host.sessions.person(exchange)) ===
      personOf(provider.options.identityProvider, subjectIn(provider, request))
  const named = issuers.map((issuer) => personOf(issuer, value))
  const acknowledged = await host.endShared(exchange, 'revoked', isOwn ? undefined : named)
  return [...results, { persons: 0, ended: 0, acknowledged, tokens: [] }]
}

/** Sessions of the shared cookie of the same name: those of the request's indexes, or all. */
async function endSharedOf(
  { host }: ServiceProvider,
  issuers: readonly string[],
  { nameId, sessionIndexes }: LogoutRequest,
): Promise<readonly EndedSessions[]> {
  const results: EndedSessions[] = []
  const end = async (issuer: string, scope: ProviderSessionScope): Promise<void> => {
    const result = await host.sessions.revoke({ issuer, subject: nameId.value }, scope, 'revoked')
    // Whether the shared cookie's sessions know the name shows only in what has ended.
    results.push({ ...result, persons: result.ended > 0 ? 1 : 0 })
  }
  if (sessionIndexes.length === 0) {
    for (const issuer of issuers) await end(issuer, 'all')
    return results
  }
  // What is revoked by a session's value is revoked for each of the shared cookie's issuers.
  const [issuer = ''] = issuers
  for (const sessionValue of sessionIndexes) await end(issuer, { sessionValue, issuer })
  return results
}

function subjectIn({ options, parties }: ServiceProvider, { nameId }: LogoutRequest): string {
  return subjectOf(nameId, parties, options.nameIdFormat)
}

/** One that the browser brings and that fits is meant, whether or not a key finds it: it may have no index. */
async function endBrought(
  { host }: ServiceProvider,
  request: LogoutRequest,
  { session }: BroughtBy,
): Promise<readonly EndedSessions[]> {
  return session === undefined ? [] : [await host.sessions.revokeThis(session, reasonOf(request))]
}
