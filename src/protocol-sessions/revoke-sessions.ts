/** @module The ends of sessions that do not come from the timers or the person: by the provider, and by a message of it. */
import { StoreUnavailableError } from '../errors.js'
import type {
  EndedSessions,
  ProtocolSession,
  ProviderSessionScope,
  SessionIndexKey,
} from '../protocols/sessions.js'
import type { EndReason, SessionRecord } from '../session-record.js'
import { namesAtProvider, openDetails, personOf, sessionOf } from '../sessions/record.js'
import type { RevocationScope } from '../stores/store.js'
import type { PluginSessionsContext } from './context.js'

/** What another revocation adds to an outcome. */
type Addition = Pick<EndedSessions, 'ended' | 'acknowledged'>

const mostAttempts = 6

/** Ends one session, of this application only. @throws StoreUnavailableError */
export async function endSession(
  { options, lifecycle }: PluginSessionsContext,
  { address, record }: ProtocolSession,
  reason: EndReason,
): Promise<void> {
  const now = options.clock()
  let found: SessionRecord | undefined = record
  // Not written is not ended: another tab may have begun a generation meanwhile.
  for (let attempt = 0; attempt < mostAttempts && found?.state === 'live'; attempt += 1) {
    found = (await lifecycle.end(address, found, { reason, at: now }, now)).record
  }
  if (found?.state === 'live') throw new StoreUnavailableError('the session changed faster than it could end')
}

/** Ends a session in every application of the store. @throws StoreUnavailableError */
export function revokeSession(
  context: PluginSessionsContext,
  { address: { person, session } }: ProtocolSession,
  reason: EndReason,
): Promise<EndedSessions> {
  return revokePerson(context, person, { kind: 'session', session }, reason)
}

/** Ends sessions of a person in every application of the store. @throws StoreUnavailableError */
export async function revokeSubject(
  context: PluginSessionsContext,
  { issuer, subject }: { readonly issuer: string; readonly subject: string },
  scope: ProviderSessionScope,
  reason: EndReason,
): Promise<EndedSessions> {
  const outcome = await revokePerson(context, personOf(issuer, subject), scopeOf(scope), reason)
  return withMore(outcome, await revokeNamesakes(context, subject, scope, reason))
}

/** Ends what index keys name, known or not yet begun, in every application of the store. @throws StoreUnavailableError */
export async function revokeByIndex(
  context: PluginSessionsContext,
  indexKeys: readonly SessionIndexKey[],
  {
    scope,
    reason,
    keptMilliseconds = Number.POSITIVE_INFINITY,
  }: {
    readonly scope: ProviderSessionScope
    readonly reason: EndReason
    readonly keptMilliseconds?: number | undefined
  },
): Promise<EndedSessions> {
  const { options, store, lifecycle } = context
  const at = options.clock()
  const retainUntil = Math.min(lifecycle.retainedUntil(at, 0), at + keptMilliseconds)
  const revocation = { reason, at, retainUntil }
  const persons = new Set<string>()
  let outcome: EndedSessions = { persons: 0, ended: 0, acknowledged: true, tokens: [] }
  for (const { key } of indexKeys) {
    const named = await store.revokeIndexKey(key, revocation)
    outcome = { ...outcome, acknowledged: outcome.acknowledged && named.acknowledged }
    for (const person of named.persons) persons.add(person)
  }
  for (const person of persons) {
    // Their names go with the sessions.
    const subjects = await subjectsIn(context, person, scope)
    const more = await revokePerson(context, person, scopeOf(scope), reason)
    const tokens = [...outcome.tokens, ...more.tokens]
    outcome = { ...withMore(outcome, more), persons: outcome.persons + 1, tokens }
    for (const subject of subjects) {
      outcome = withMore(outcome, await revokeNamesakes(context, subject, scope, reason))
    }
  }
  return outcome
}

async function revokePerson(
  context: PluginSessionsContext,
  person: string,
  scope: RevocationScope,
  reason: EndReason,
): Promise<EndedSessions> {
  const tokens = await tokensIn(context, person, scope)
  const { ended, acknowledged } = await context.lifecycle.revoke(person, scope, reason)
  return { persons: 1, ended: ended.length, acknowledged, tokens }
}

/** Tokens of this application's own live sessions in a scope: they are gone once the sessions are. */
async function tokensIn(
  { options, store, tokenVault }: PluginSessionsContext,
  person: string,
  scope: RevocationScope,
): Promise<string[]> {
  const found: string[] = []
  for (const { address, record } of await store.list(person)) {
    const isMeant = scope.kind === 'person' || (scope.kind === 'session' && address.session === scope.session)
    if (record.state !== 'live' || address.application !== options.application.id || !isMeant) continue
    const tokens = await tokenVault.tokensOf(address)
    if (tokens !== undefined) found.push(tokens)
  }
  return found
}

/**
 * Ends the shared cookie's sessions of the same subject and session value, where its tokens have another issuer: one
 * session has one value, so they are the same (`HLD-13`).
 */
async function revokeNamesakes(
  context: PluginSessionsContext,
  subject: string,
  scope: ProviderSessionScope,
  reason: EndReason,
): Promise<Addition> {
  let outcome: Addition = { ended: 0, acknowledged: true }
  if (scope === 'all') return outcome
  // A cookie that is good still proves no authentication that is later than the provider's message.
  const sharedReason = reason === 'identity-ended' ? 'revoked' : reason
  for (const issuer of sharedIssuers(context)) {
    if (issuer === scope.issuer) continue
    const named = scopeOf({ issuer, sessionValue: scope.sessionValue })
    const more = await revokePerson(context, personOf(issuer, subject), named, sharedReason)
    outcome = withMore(outcome, more)
  }
  return outcome
}

/** Whom this application's own sessions of that value belong to, or belonged to, by their names at the provider. */
async function subjectsIn(
  context: PluginSessionsContext,
  person: string,
  scope: ProviderSessionScope,
): Promise<ReadonlySet<string>> {
  const subjects = new Set<string>()
  if (scope === 'all' || sharedIssuers(context).every((issuer) => issuer === scope.issuer)) return subjects
  for (const { address, record } of await context.store.list(person)) {
    if (address.application !== context.options.application.id) continue
    const names = namesAtProvider(openDetails(context.sealer, address, record.sealed))
    if (names?.sessionValue === scope.sessionValue) subjects.add(names.subject)
  }
  return subjects
}

/** Issuers of the shared cookie's tokens; none where it is not in use, or of another provider than this plug-in's. */
function sharedIssuers({ options, isOfSharedCookie }: PluginSessionsContext): readonly string[] {
  if (!isOfSharedCookie()) return []
  return (options.sharedCookie && options.identityProvider?.issuers) ?? []
}

function scopeOf(scope: ProviderSessionScope): RevocationScope {
  return scope === 'all'
    ? { kind: 'person' }
    : { kind: 'session', session: sessionOf(scope.issuer, scope.sessionValue) }
}

function withMore<T extends Addition>(outcome: T, more: Addition): T {
  return {
    ...outcome,
    ended: outcome.ended + more.ended,
    acknowledged: outcome.acknowledged && more.acknowledged,
  }
}
