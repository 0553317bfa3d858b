/** @module The sessions of one protocol plug-in: begun, renewed, and ended from outside. */
import type { Citizen } from '../citizen.js'
import type { ResolvedOptions } from '../config/options.js'
import type { SessionCookie } from '../cookies/session-cookie.js'
import { randomText } from '../digest.js'
import type { Report } from '../events.js'
import type { Exchange } from '../exchange.js'
import type { TokenKeeper } from '../identity/token-keeper.js'
import type { Beginning, EndedSessions, Pointer, ProtocolSessions, ScopeWish } from '../protocol.js'
import type { Sealer } from '../seal.js'
import { anonymous } from '../sessions/citizens.js'
import type { Lifecycle } from '../sessions/lifecycle.js'
import {
  createGeneration,
  type OwnDetails,
  openDetails,
  personOf,
  publicIdOf,
  sessionOf,
} from '../sessions/record.js'
import { reviseDetails } from '../sessions/revise.js'
import { timerOver } from '../sessions/timers.js'
import type {
  AliasRecord,
  EndReason,
  LiveRecord,
  RecordAddress,
  Revocation,
  RevocationScope,
  SessionRecord,
  Store,
} from '../stores/store.js'
import { createBeginningChecks, isSameSession } from './beginning-checks.js'
import { liftOf } from './lift.js'
import type { OwnSessions } from './own-session.js'

/** What the sessions of every plug-in of a suite stand on. */
export interface ProtocolSessionsContext {
  readonly options: ResolvedOptions
  readonly store: Store
  readonly lifecycle: Lifecycle
  readonly keeper: TokenKeeper
  readonly sealer: Sealer
  readonly report: Report
  readonly random: (bytes: number) => Uint8Array
  readonly sessionCookie: SessionCookie
  readonly own: OwnSessions
  /** Tolerated between the provider's clock and ours, as the plug-in's options say. */
  readonly skewMilliseconds: number
}

/** A beginning with what it proves. */
interface Proven extends Beginning {
  /** When the login began that brought a new authentication; 0: none did. */
  readonly provenAt: number
}

/** Makes the sessions of the plug-in of that name. */
export function createProtocolSessions(protocol: string, context: ProtocolSessionsContext): ProtocolSessions {
  const { options, store, lifecycle, keeper, sealer, own, sessionCookie } = context
  const { application, clock } = options
  const absoluteMilliseconds = application.absoluteSeconds * 1000
  const checks = createBeginningChecks(context)
  const { stoodOnOf } = checks

  const isRefusedBy = (
    revocation: Revocation | undefined,
    kind: Pointer['kind'],
    { since, provenAt }: Proven,
  ) => revocation !== undefined && (kind === 'person' ? since : provenAt) <= revocation.at

  /** Whether a pointer was revoked. Asked before the start and after it: an end under way is seen by one of the two. */
  const findRevoked = async (
    beginning: Proven,
    look: (pointer: Pointer) => ReturnType<Store['pointerRevocation']>,
  ): Promise<Revocation | undefined> => {
    for (const pointer of beginning.pointers) {
      const revocation = await look(pointer)
      if (isRefusedBy(revocation, pointer.kind, beginning)) return revocation
    }
    return undefined
  }

  const detailsOf = (beginning: Proven): OwnDetails => ({
    issuer: beginning.issuer,
    subject: beginning.subject,
    claims: beginning.claims,
    method: beginning.method,
    provenAt: beginning.provenAt,
    tokenLife: Math.max(beginning.tokensExpireAt - beginning.tokensIssuedAt, 0),
  })

  const start = async (
    address: RecordAddress,
    known: SessionRecord | AliasRecord | undefined,
    beginning: Proven,
    now: number,
  ) => {
    if (known?.state === 'live') {
      const renewed = await takeUp(address, known, beginning, now)
      if (renewed !== undefined) return renewed
    }
    const current: SessionRecord | undefined = known?.state === 'ended' ? known : undefined
    const proof = { ...beginning, isNewer: current !== undefined && beginning.since > current.at }
    const lift =
      current === undefined
        ? undefined
        : liftOf(current, stoodOnOf(address, current), proof, application.onIdle)
    const { began, record } = await lifecycle.begin({
      address,
      now,
      issuedAt: beginning.since,
      tokenExpiresAt: beginning.tokensExpireAt,
      level: beginning.level,
      authenticatedAt: beginning.authenticatedAt,
      provenAt: beginning.provenAt,
      endsAt: beginning.endsAt,
      own: detailsOf(beginning),
      lifts: lift === undefined ? undefined : current,
      keepsLimit: lift === 'resumed',
    })
    if (began) return record
    // Another tab of the same browser was faster.
    return record.state === 'live' ? takeUp(address, record, beginning, now) : record
  }

  /** A live session of the same provider session goes on under a new generation; the old cookie is dead at once. */
  const takeUp = async (address: RecordAddress, record: LiveRecord, beginning: Proven, now: number) => {
    const generation = createGeneration(context.random)
    const details = detailsOf(beginning)
    const revised = await reviseDetails(context, address, record, ({ boundSession, own: before }, found) => {
      const provenAt = Math.max(details.provenAt, before?.provenAt ?? 0)
      const isProven = beginning.authenticatedAt > found.authenticatedAt
      const authenticatedAt = Math.max(beginning.authenticatedAt, found.authenticatedAt)
      const limit = isProven ? now + absoluteMilliseconds : found.endsAt
      return {
        generation,
        lastSeenAt: now,
        level: beginning.level,
        authenticatedAt,
        endsAt: Math.min(limit, beginning.endsAt ?? limit),
        tokenExpiresAt: beginning.tokensExpireAt,
        retainUntil: lifecycle.retainedUntil(now, beginning.tokensExpireAt),
        details: { own: { ...details, provenAt }, authenticatedAt, boundSession },
      }
    })
    if (revised === undefined) return undefined
    const { person } = address
    const publicId = publicIdOf(generation)
    context.report({ type: 'session.started', publicId, person, level: beginning.level, cause: 'assurance' })
    return revised
  }

  /** Who is there when a login has brought nobody: whoever was there before, or why nobody is. */
  const remaining = async (exchange: Exchange, now: number): Promise<Citizen> => {
    const citizen = (await own.peek(exchange, now)) ?? anonymous('not-signed-in')
    return citizen.reason === 'not-signed-in' ? anonymous('signed-out') : citizen
  }

  /** The session that the browser had before is over: another one has taken its place. */
  const endPrevious = async (exchange: Exchange, address: RecordAddress, now: number): Promise<void> => {
    const previous = own.stateOf(exchange)
    if (previous === undefined || isSameSession(previous.address, address)) return
    const record = await store.read(previous.address)
    if (record?.state !== 'live' || record.generation !== previous.generation) return
    const isSamePerson = previous.address.person === address.person
    const reason = isSamePerson ? 'signed-out' : 'identity-changed'
    if (!isSamePerson) {
      const { person } = address
      context.report({ type: 'session.identity-changed', person, previousPerson: previous.address.person })
    }
    await lifecycle.end(previous.address, record, { reason, at: now }, now)
  }

  /** What is left to do once the record is there. The answer is the reason for which the session is over already. */
  const settle = async (
    address: RecordAddress,
    record: LiveRecord,
    beginning: Proven,
  ): Promise<EndReason | undefined> => {
    const revoked = await findRevoked(beginning, ({ key }) => store.pointerRevocation(key))
    if (revoked !== undefined) {
      const now = clock()
      await lifecycle.end(address, record, { reason: revoked.reason, at: now }, now)
      return revoked.reason
    }
    const isKept = await keeper.keep(address, record, beginning.tokens, beginning.tokensExpireAt)
    return isKept ? undefined : 'revoked'
  }

  /** Nobody, for this reason. The cookie tells it on, so that the next login asks for what lifts it. */
  const refuse = async (exchange: Exchange, address: RecordAddress, reason: EndReason): Promise<Citizen> => {
    const { person, session } = address
    await endPrevious(exchange, address, clock())
    context.report({ type: 'session.refused', person, reason })
    const generation = createGeneration(context.random)
    exchange.setCookie(sessionCookie.make({ person, session, generation, protocol }))
    return anonymous(reason)
  }

  /** Gives a live session another name of the provider. `false`: that name has been revoked; the session has ended. */
  const isNamed = async (
    address: RecordAddress,
    record: LiveRecord,
    name: { readonly issuer: string; readonly sessionValue?: string; readonly pointers?: readonly Pointer[] },
  ): Promise<boolean> => {
    if (name.sessionValue === undefined) return true
    const now = clock()
    const retainUntil = Math.max(record.retainUntil, lifecycle.retainedUntil(now, record.tokenExpiresAt))
    let isRevoked = false
    for (const { key } of name.pointers ?? []) {
      isRevoked ||= (await store.point(key, address.person, retainUntil)) !== undefined
    }
    const session = sessionOf(name.issuer, name.sessionValue)
    if (!isRevoked && (await store.alias(address, record.generation, session))) return true
    await lifecycle.end(address, record, { reason: 'revoked', at: now }, now)
    return false
  }

  const scopeOf = (scope: ScopeWish): RevocationScope =>
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
      const tokens = await keeper.tokensOf(address)
      if (tokens !== undefined) found.push(tokens)
    }
    return found
  }

  const revokePerson = async (person: string, scope: RevocationScope, reason: EndReason) => {
    const tokens = await tokensIn(person, scope)
    const { ended, acknowledged } = await lifecycle.revoke(person, scope, reason)
    return { persons: 1, ended: ended.length, acknowledged, tokens }
  }

  return {
    async begin(exchange, given) {
      const now = clock()
      const person = personOf(given.issuer, given.subject)
      const value = given.sessionValue ?? randomText(context.random, 16)
      const session = sessionOf(given.issuer, value)
      const address = await checks.rootOf({ person, session, application: application.id })
      if (!(await checks.isAsAsked(address, given))) {
        context.report({ type: 'token.rejected', problem: 'not-reauthenticated' })
        return remaining(exchange, now)
      }
      const meanwhile = await checks.endedMeanwhile(exchange, address, given)
      if (meanwhile !== undefined) {
        context.report({ type: 'session.refused', person, reason: meanwhile })
        return anonymous(meanwhile)
      }
      const known = await checks.readNow(address, now)
      const beginning = { ...given, provenAt: checks.provenAtOf(given, stoodOnOf(address, known)) }
      const retainUntil = lifecycle.retainedUntil(now, beginning.tokensExpireAt)
      const before = await findRevoked(beginning, ({ key }) => store.point(key, person, retainUntil))
      if (before !== undefined) return refuse(exchange, address, before.reason)
      const record = await start(address, known, beginning, now)
      if (record?.state !== 'live') {
        return refuse(exchange, address, record?.state === 'ended' ? record.reason : 'revoked')
      }
      const named = { person, session: address.session, generation: record.generation, protocol }
      try {
        const reason = await settle(address, record, beginning)
        if (reason !== undefined) return await refuse(exchange, address, reason)
        // Only now: an outage on the way leaves the browser what it had.
        await endPrevious(exchange, address, now)
      } catch (error) {
        // The cookie of the session that was taken up is dead already. It goes on, as signed in as it was.
        if (known?.state === 'live') exchange.setCookie(sessionCookie.make(named))
        throw error
      }
      return own.begun(exchange, named, record)
    },

    person(exchange) {
      const named = own.stateOf(exchange)?.named
      return named?.protocol === protocol ? named.person : undefined
    },

    async current(exchange) {
      const state = own.stateOf(exchange)
      if (state === undefined || state.named.protocol !== protocol) return undefined
      const { address } = state
      const record = await store.read(address)
      if (record?.state !== 'live' || record.generation !== state.generation) return undefined
      const idleMilliseconds = Math.min(record.idleMilliseconds, application.idleSeconds * 1000)
      if (timerOver({ ...record, idleMilliseconds }, clock()) !== undefined) return undefined
      const details = state.details(sealer, record)
      if (details === undefined) return undefined
      const { issuer, subject, claims } = details
      return { address, record, issuer, subject, claims, tokens: await keeper.tokensOf(address) }
    },

    async renew({ address, record, issuer, tokens }, change) {
      if (openDetails(sealer, address, record.sealed).own === undefined) return 'gone'
      const tokenLife = Math.max(change.tokensExpireAt - change.tokensIssuedAt, 0)
      const renewDetails = () =>
        reviseDetails(context, address, record, ({ own: known, ...details }) => ({
          details: {
            ...details,
            own: known && { ...known, tokenLife, claims: change.claims ?? known.claims },
          },
        }))
      const isWritten = await keeper.alone(address, async () => {
        // What has been renewed since it was read would be lost, and with it a refresh token that is not spent.
        if ((await keeper.tokensOf(address)) !== tokens) return 'busy'
        if (!(await isNamed(address, record, { ...change, issuer }))) return 'gone'
        if ((await renewDetails()) === undefined) return 'gone'
        const isKept = await keeper.keep(address, record, change.tokens, change.tokensExpireAt)
        return isKept ? 'renewed' : 'gone'
      })
      return isWritten ?? 'busy'
    },

    async end({ address, record }, reason) {
      const now = clock()
      await lifecycle.end(address, record, { reason, at: now }, now)
    },

    revoke: ({ issuer, subject }, scope, reason) =>
      revokePerson(personOf(issuer, subject), scopeOf(scope), reason),

    async revokePointed(pointers, scope, reason) {
      const at = clock()
      const revocation = { reason, at, retainUntil: lifecycle.retainedUntil(at, 0) }
      const persons = new Set<string>()
      let outcome: EndedSessions = { persons: 0, ended: 0, acknowledged: true, tokens: [] }
      for (const { key } of pointers) {
        const named = await store.revokePointer(key, revocation)
        outcome = { ...outcome, acknowledged: outcome.acknowledged && named.acknowledged }
        for (const person of named.persons) persons.add(person)
      }
      for (const person of persons) {
        const more = await revokePerson(person, scopeOf(scope), reason)
        outcome = {
          persons: outcome.persons + 1,
          ended: outcome.ended + more.ended,
          acknowledged: outcome.acknowledged && more.acknowledged,
          tokens: [...outcome.tokens, ...more.tokens],
        }
      }
      return outcome
    },

    dropCookie: (exchange) => exchange.setCookie(sessionCookie.expire()),
  }
}
