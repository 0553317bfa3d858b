/** @module The sessions of one protocol plug-in: begun, renewed, and ended from outside. */
import type { Citizen } from '../citizen.js'
import type { ResolvedOptions } from '../config/options.js'
import {
  isSuperseded,
  type NamedSession,
  refusedGeneration,
  type SessionCookie,
} from '../cookies/session-cookie.js'
import { randomText } from '../digest.js'
import { StoreUnavailableError } from '../errors.js'
import type { Report } from '../events.js'
import type { Exchange } from '../exchange.js'
import type {
  EndedSessions,
  ProtocolSessions,
  ProviderSessionScope,
  SessionIndexKey,
} from '../protocols/sessions.js'
import type { Sealer } from '../seal.js'
import type { EndReason, LiveRecord, RecordAddress, SessionRecord } from '../session-record.js'
import { anonymous } from '../sessions/create-citizen.js'
import type { Lifecycle } from '../sessions/lifecycle.js'
import { namesAtProvider, openDetails, personOf, sessionOf } from '../sessions/record.js'
import { provenAtOf } from '../sessions/resume-policy.js'
import { reviseDetails } from '../sessions/revise.js'
import { timerOver, withIdleTime } from '../sessions/timers.js'
import type { RevocationScope, Store } from '../stores/store.js'
import type { ProtocolSessionAuthenticator } from './authenticate.js'
import { pointersToKeep } from './index-keys.js'
import { createLoginChecks, isSameSession } from './login-checks.js'
import { createSessionStart, type Established } from './start-session.js'
import type { TokenVault } from './token-vault.js'

const mostAttempts = 6

/** What the sessions of every plug-in of a suite stand on. */
export interface ProtocolSessionsContext {
  readonly options: ResolvedOptions
  readonly store: Store
  /** Where revocations are kept besides, if anywhere. */
  readonly revocations: Store | undefined
  readonly lifecycle: Lifecycle
  readonly tokenVault: TokenVault
  readonly sealer: Sealer
  readonly report: Report
  readonly random: (bytes: number) => Uint8Array
  readonly sessionCookie: SessionCookie
  readonly own: ProtocolSessionAuthenticator
  /** Tolerated between the provider's clock and ours, as the plug-in's options say. */
  readonly skewMilliseconds: number
}

/** Makes the sessions of the plug-in of that name. */
export function createProtocolSessions(protocol: string, context: ProtocolSessionsContext): ProtocolSessions {
  const { options, store, lifecycle, tokenVault, sealer, own, sessionCookie } = context
  const { application, clock } = options
  /** Nothing where the shared cookie is not in use. */
  const sharedIssuers = (options.sharedCookie && options.identityProvider?.issuers) ?? []
  const checks = createLoginChecks(context)
  const beginnings = createSessionStart(context, checks)

  /** Who is there when a login has brought nobody: whoever was there before, or why nobody is. */
  const remaining = async (exchange: Exchange, now: number): Promise<Citizen> => {
    const citizen = (await own.inspect(exchange, now)) ?? anonymous('not-signed-in')
    return citizen.reason === 'not-signed-in' ? anonymous('signed-out') : citizen
  }

  /** The session that the browser had before is over: another one has taken its place. `false`: somebody else has ended it. */
  const endPrevious = async (exchange: Exchange, address: RecordAddress, now: number): Promise<boolean> => {
    const previous = own.stateOf(exchange)
    if (previous === undefined || isSameSession(previous.address, address)) return true
    const record = await store.read(previous.address)
    if (record?.state !== 'live' || record.generation !== previous.generation) return false
    const isSamePerson = previous.address.person === address.person
    const reason = isSamePerson ? 'signed-out' : 'identity-changed'
    if (!isSamePerson) {
      const { person } = address
      context.report({ type: 'session.identity-changed', person, previousPerson: previous.address.person })
    }
    const { record: after } = await lifecycle.end(previous.address, record, { reason, at: now }, now)
    return after?.state === 'ended' && after.at === now && after.reason === reason
  }

  /** Nobody, for this reason. The cookie tells it on, so that the next login asks for what lifts it. */
  const refuse = async (exchange: Exchange, address: RecordAddress, reason: EndReason): Promise<Citizen> => {
    const { person, session } = address
    await endPrevious(exchange, address, clock())
    context.report({ type: 'session.refused', person, reason })
    const generation = refusedGeneration(context.random)
    exchange.setCookie(sessionCookie.make({ person, session, generation, protocol }))
    return anonymous(reason)
  }

  /** What a write came to that was not done: the session goes on under another generation, or is over. */
  const notWritten = async (address: RecordAddress): Promise<'busy' | 'gone'> =>
    (await store.read(address))?.state === 'live' ? 'busy' : 'gone'

  /** Gives a live session another name of the provider. One that has been revoked ends the session. */
  const giveName = async (
    address: RecordAddress,
    record: LiveRecord,
    name: {
      readonly issuer: string
      readonly sessionValue?: string
      readonly pointers?: readonly SessionIndexKey[]
    },
  ): Promise<'named' | 'busy' | 'gone'> => {
    if (name.sessionValue === undefined) return 'named'
    const now = clock()
    const retainUntil = Math.max(record.retainUntil, lifecycle.retainedUntil(now, record.tokenExpiresAt))
    let isRevoked = false
    for (const { key } of name.pointers ?? []) {
      isRevoked ||= (await store.noteIndexKey(key, address.person, retainUntil)) !== undefined
    }
    const session = sessionOf(name.issuer, name.sessionValue)
    if (!isRevoked && (await store.alias(address, record.generation, session))) {
      return (await lifecycle.addName(address, record, session)) ? 'named' : notWritten(address)
    }
    // Not named is not revoked: another tab may have begun a generation, which this end does not concern.
    const { record: after } = await lifecycle.end(address, record, { reason: 'revoked', at: now }, now)
    return after?.state === 'live' ? 'busy' : 'gone'
  }

  const scopeOf = (scope: ProviderSessionScope): RevocationScope =>
    scope === 'all'
      ? { kind: 'person' }
      : { kind: 'session', session: sessionOf(scope.issuer, scope.sessionValue) }

  /** Tokens of this application's own live sessions in a scope: they are gone once the sessions are. */
  const tokensIn = async (person: string, scope: RevocationScope): Promise<string[]> => {
    const found: string[] = []
    for (const { address, record } of await store.list(person)) {
      const isMeant =
        scope.kind === 'person' || (scope.kind === 'session' && address.session === scope.session)
      if (record.state !== 'live' || address.application !== application.id || !isMeant) continue
      const tokens = await tokenVault.tokensOf(address)
      if (tokens !== undefined) found.push(tokens)
    }
    return found
  }

  const revokePerson = async (person: string, scope: RevocationScope, reason: EndReason) => {
    const tokens = await tokensIn(person, scope)
    const { ended, acknowledged } = await lifecycle.revoke(person, scope, reason)
    return { persons: 1, ended: ended.length, acknowledged, tokens }
  }

  /**
   * Ends the shared cookie's sessions of the same subject and session value, where its tokens have another issuer: one
   * session has one value, so they are the same (`HLD-13`).
   */
  const revokeNamesakes = async (subject: string, scope: ProviderSessionScope, reason: EndReason) => {
    let outcome = { ended: 0, acknowledged: true }
    if (scope === 'all') return outcome
    // A cookie that is good still proves no authentication that is later than the provider's message.
    const sharedReason = reason === 'identity-ended' ? 'revoked' : reason
    for (const issuer of sharedIssuers) {
      if (issuer === scope.issuer) continue
      const named = scopeOf({ issuer, sessionValue: scope.sessionValue })
      const more = await revokePerson(personOf(issuer, subject), named, sharedReason)
      const acknowledged = outcome.acknowledged && more.acknowledged
      outcome = { ended: outcome.ended + more.ended, acknowledged }
    }
    return outcome
  }

  /** Whom this application's own sessions of that value belong to, or belonged to, by their names at the provider. */
  const subjectsIn = async (person: string, scope: ProviderSessionScope): Promise<ReadonlySet<string>> => {
    const subjects = new Set<string>()
    if (scope === 'all' || sharedIssuers.every((issuer) => issuer === scope.issuer)) return subjects
    for (const { address, record } of await store.list(person)) {
      if (address.application !== application.id) continue
      const names = namesAtProvider(openDetails(sealer, address, record.sealed))
      if (names?.sessionValue === scope.sessionValue) subjects.add(names.subject)
    }
    return subjects
  }

  /** The state of the request's cookie; `undefined` for one of an older generation, which is nobody's. */
  const stateIn = async (exchange: Exchange) => {
    const state = own.stateOf(exchange)
    if (state === undefined || state.named.protocol !== protocol) return undefined
    return isSuperseded(await store.read(state.address), state.generation) ? undefined : state
  }

  return {
    async start(exchange, stated) {
      const now = clock()
      // An authentication in the future proves nothing: it lifts no end, and is not recent.
      const isPast = stated.authenticatedAt <= now + context.skewMilliseconds
      const given = isPast ? stated : { ...stated, authenticatedAt: 0 }
      const person = personOf(given.issuer, given.subject)
      const value = given.sessionValue ?? randomText(context.random, 16)
      const session = sessionOf(given.issuer, value)
      const address = await checks.rootOf({ person, session, application: application.id })
      const isTakenAsAsked = await checks.isTakenAsAsked(exchange, address, given)
      if (!isTakenAsAsked && !(await checks.isAsAsked(address, given))) {
        context.report({ type: 'token.rejected', problem: 'not-reauthenticated', credential: 'sign-in' })
        return remaining(exchange, now)
      }
      const meanwhile = await checks.endedMeanwhile(exchange, address, given)
      if (meanwhile !== undefined) {
        context.report({ type: 'session.refused', person, reason: meanwhile })
        return anonymous(meanwhile)
      }
      const known = await checks.readNow(address, now)
      const logout = given.askedReauthentication
        ? undefined
        : await checks.providerLogoutBefore(exchange, address)
      const isAfterLogout = logout !== undefined && checks.isAfterLogout(given, logout)
      if (logout !== undefined && !isAfterLogout) {
        // The cookie stays: it names the end that the next login must come after.
        context.report({ type: 'session.refused', person, reason: 'identity-ended' })
        return anonymous('identity-ended')
      }
      const previousAuthTime = checks.stoodOnOf(address, known)
      const isTaken = isTakenAsAsked || isAfterLogout
      const provenAt = isTaken ? given.since : provenAtOf(given, previousAuthTime, context.skewMilliseconds)
      const beginning = { ...given, provenAt }
      const retainUntil = lifecycle.retainedUntil(now, beginning.tokensExpireAt)
      const before = await beginnings.findRevoked(beginning, ({ key }) =>
        store.noteIndexKey(key, person, retainUntil),
      )
      if (before !== undefined) return refuse(exchange, address, before.reason)
      const nameOf = (place: RecordAddress, { generation }: LiveRecord): NamedSession => ({
        person,
        session: place.session,
        generation,
        protocol,
      })
      let established: Established
      let takenUp: NamedSession | undefined
      try {
        established = await beginnings.establish(address, known, beginning, (place, record) => {
          takenUp = nameOf(place, record)
        })
        if ('refused' in established) return await refuse(exchange, established.address, established.refused)
        // A sign-out of the session before may have come since the first look: it met nothing of this one. It is
        // looked for before that session ends here, and once more where it had ended by then.
        let late = await checks.endedMeanwhile(exchange, established.address, given)
        // Only now: an outage on the way leaves the browser what it had.
        if (late === undefined && !(await endPrevious(exchange, established.address, now)))
          late = await checks.endedMeanwhile(exchange, established.address, given)
        if (late !== undefined) {
          await lifecycle.end(established.address, established.record, { reason: late, at: now }, now)
          return await refuse(exchange, established.address, late)
        }
      } catch (error) {
        // The cookie of the session that was taken up is dead already. It goes on, as signed in as it was.
        if (takenUp !== undefined) exchange.setCookie(sessionCookie.make(takenUp))
        throw error
      }
      const { address: place, record } = established
      return own.started(exchange, nameOf(place, record), record)
    },

    person: async (exchange) => (await stateIn(exchange))?.named.person,

    async isOf(exchange, { issuer, sessionValue }) {
      const state = await stateIn(exchange)
      if (state === undefined) return false
      const address = { ...state.address, session: sessionOf(issuer, sessionValue) }
      return isSameSession(await checks.rootOf(address), state.address)
    },

    async current(exchange) {
      const state = own.stateOf(exchange)
      if (state === undefined || state.named.protocol !== protocol) return undefined
      const { address } = state
      const record = await store.read(address)
      if (record?.state !== 'live' || record.generation !== state.generation) return undefined
      if (timerOver(withIdleTime(record, application.idleSeconds * 1000), clock()) !== undefined)
        return undefined
      const details = state.details(sealer, record)
      if (details === undefined) return undefined
      const { issuer, subject, claims } = details
      return { address, record, issuer, subject, claims, tokens: await tokenVault.tokensOf(address) }
    },

    async renew({ address, record, issuer, tokens }, change) {
      if (openDetails(sealer, address, record.sealed).own === undefined) return 'gone'
      const tokenLife = Math.max(change.tokensExpireAt - change.tokensIssuedAt, 0)
      const renewDetails = () =>
        reviseDetails(context, address, record, ({ own: known, ...details }) => ({
          details: {
            ...details,
            own: known && {
              ...known,
              tokenLife,
              sessionValue: change.sessionValue ?? known.sessionValue,
              claims: change.claims ?? known.claims,
              pointers: pointersToKeep(store, change.pointers ?? [], known.pointers),
            },
          },
        }))
      const isWritten = await tokenVault.withTokenLock(address, async () => {
        // What has been renewed since it was read would be lost, and with it a refresh token that is not spent.
        if ((await tokenVault.tokensOf(address)) !== tokens) return 'busy'
        const named = await giveName(address, record, { ...change, issuer })
        if (named !== 'named') return named
        if ((await renewDetails()) === undefined) return notWritten(address)
        const isKept = await tokenVault.keep(address, record, change.tokens, change.tokensExpireAt)
        return isKept ? 'renewed' : notWritten(address)
      })
      return isWritten ?? 'busy'
    },

    async end({ address, record }, reason) {
      const now = clock()
      let found: SessionRecord | undefined = record
      // Not written is not ended: another tab may have begun a generation meanwhile.
      for (let attempt = 0; attempt < mostAttempts && found?.state === 'live'; attempt += 1) {
        found = (await lifecycle.end(address, found, { reason, at: now }, now)).record
      }
      if (found?.state === 'live')
        throw new StoreUnavailableError('the session changed faster than it could end')
    },

    revokeThis: ({ address: { person, session } }, reason) =>
      revokePerson(person, { kind: 'session', session }, reason),

    async revoke({ issuer, subject }, scope, reason) {
      const outcome = await revokePerson(personOf(issuer, subject), scopeOf(scope), reason)
      return withMore(outcome, await revokeNamesakes(subject, scope, reason))
    },

    async isIndexed({ key }) {
      return (await store.indexKeyPersons(key)).length > 0
    },

    async revokeByIndex(pointers, scope, reason, keptMilliseconds = Number.POSITIVE_INFINITY) {
      const at = clock()
      const retainUntil = Math.min(lifecycle.retainedUntil(at, 0), at + keptMilliseconds)
      const revocation = { reason, at, retainUntil }
      const persons = new Set<string>()
      let outcome: EndedSessions = { persons: 0, ended: 0, acknowledged: true, tokens: [] }
      for (const { key } of pointers) {
        const named = await store.revokeIndexKey(key, revocation)
        outcome = { ...outcome, acknowledged: outcome.acknowledged && named.acknowledged }
        for (const person of named.persons) persons.add(person)
      }
      for (const person of persons) {
        // Their names go with the sessions.
        const subjects = await subjectsIn(person, scope)
        const more = await revokePerson(person, scopeOf(scope), reason)
        const tokens = [...outcome.tokens, ...more.tokens]
        outcome = { ...withMore(outcome, more), persons: outcome.persons + 1, tokens }
        for (const subject of subjects) {
          outcome = withMore(outcome, await revokeNamesakes(subject, scope, reason))
        }
      }
      return outcome
    },

    dropCookie: (exchange) => sessionCookie.drop(exchange),
  }
}

function withMore(
  outcome: EndedSessions,
  more: Pick<EndedSessions, 'ended' | 'acknowledged'>,
): EndedSessions {
  return {
    ...outcome,
    ended: outcome.ended + more.ended,
    acknowledged: outcome.acknowledged && more.acknowledged,
  }
}
