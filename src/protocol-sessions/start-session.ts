/**
 * @module The beginning of a session by a login that has come back: written, and looked at again where a write is
 * lost. Two tabs that sign in at once share one session; what has ended meanwhile stays ended.
 */

import { StoreUnavailableError } from '../errors.js'
import type { SessionIndexKey, VerifiedLogin } from '../protocols/sessions.js'
import type { AliasRecord, EndReason, LiveRecord, RecordAddress, SessionRecord } from '../session-record.js'
import { createGeneration, type ProtocolDetails, publicIdOf } from '../sessions/record.js'
import { resumeOf } from '../sessions/resume-policy.js'
import { reviseDetails } from '../sessions/revise.js'
import type { Revocation, Store } from '../stores/store.js'
import { unlessAhead } from '../wait.js'
import { pointersToKeep } from './index-keys.js'
import type { LoginChecks } from './login-checks.js'
import type { ProtocolSessionsContext } from './sessions.js'

/** A beginning with what it proves. */
export interface Proven extends VerifiedLogin {
  /** When the login began that brought a new authentication; 0: none did. */
  readonly provenAt: number
}

/** What a login came to: a live session at an address, or why there is none. */
export type Established =
  | { readonly address: RecordAddress; readonly record: LiveRecord }
  | { readonly address: RecordAddress; readonly refused: EndReason }

type Found = SessionRecord | AliasRecord | undefined

/**
 * Answers of one browser that arrive within this time share the session that the first of them began; milliseconds.
 * Long enough for a slow store and a restored window of tabs, short enough that no cookie outlives a new login by more.
 */
const simultaneousMilliseconds = 10_000
/** How far the clocks of two instances may be apart where they compare when a login began and another came back. */
const clockDifference = 1000
const mostAttempts = 6

/** Makes the beginning of sessions of one application. */
export function createSessionStart(
  context: Pick<
    ProtocolSessionsContext,
    'options' | 'store' | 'lifecycle' | 'tokenVault' | 'sealer' | 'report' | 'random' | 'skewMilliseconds'
  >,
  checks: LoginChecks,
) {
  const { store, lifecycle, tokenVault } = context
  const { application, clock } = context.options
  const hasWork = context.options.onSignIn !== undefined
  const rules = { onIdle: application.onIdle, skewMilliseconds: context.skewMilliseconds }

  /** Whether a pointer was revoked. Asked before the start and after it: an end under way is seen by one of the two. */
  const findRevoked = async (
    beginning: Proven,
    look: (pointer: SessionIndexKey) => ReturnType<Store['indexKeyRevocation']>,
  ): Promise<Revocation | undefined> => {
    for (const pointer of beginning.indexKeys) {
      const revocation = await look(pointer)
      if (isRefusedBy(revocation, pointer.kind, beginning)) return revocation
    }
    return undefined
  }

  const begin = (address: RecordAddress, known: Found, beginning: Proven, now: number) => {
    const current: SessionRecord | undefined = known?.state === 'ended' ? known : undefined
    const proof = { ...beginning, isNewer: current !== undefined && beginning.since > current.at }
    const lift =
      current === undefined ? undefined : resumeOf(current, checks.stoodOnOf(address, current), proof, rules)
    return lifecycle.startSession({
      address,
      now,
      issuedAt: beginning.since,
      tokenExpiresAt: beginning.tokensExpireAt,
      level: beginning.level,
      authenticatedAt: beginning.authenticatedAt,
      provenAt: beginning.provenAt,
      endsAt: beginning.endsAt,
      own: detailsOf(beginning, now, pointersToKeep(store, beginning.indexKeys)),
      lifts: lift === undefined ? undefined : current,
      keepsLimit: lift === 'resumed',
    })
  }

  /**
   * A live session of the same provider session goes on, under a new generation: the old cookie is dead at once. Not
   * where another tab has begun that generation while this login was under way: then both have the one cookie, and it
   * does not matter whose answer comes last. `undefined`: not written, look again.
   */
  const rekeySession = async (address: RecordAddress, record: LiveRecord, beginning: Proven, now: number) => {
    const next = createGeneration(context.random)
    const revised = await reviseDetails(
      context,
      address,
      record,
      ({ boundSession, own: before, names }, found) => {
        const since = generationAtOf(found, before, beginning, now)
        const pointers = pointersToKeep(store, beginning.indexKeys, before?.pointers)
        const details = detailsOf(beginning, since ?? now, pointers)
        const previousAuthTime = unlessAhead(found.authenticatedAt, now)
        // What was only asked for does not become recent by a time that is stated later.
        const wasAsked = found.authenticatedAt === 0 && beginning.authenticatedAt !== 0
        const provenBefore = wasAsked ? 0 : unlessAhead(before?.provenAt ?? 0, now)
        const provenAt = Math.max(details.provenAt, provenBefore)
        const isProven = beginning.authenticatedAt > previousAuthTime
        const authenticatedAt = Math.max(beginning.authenticatedAt, previousAuthTime)
        const limit = isProven ? now + application.absoluteSeconds * 1000 : found.endsAt
        return {
          generation: since === undefined ? next : found.generation,
          lastSeenAt: now,
          level: beginning.level,
          authenticatedAt,
          endsAt: Math.min(limit, beginning.endsAt ?? limit),
          tokenExpiresAt: beginning.tokensExpireAt,
          retainUntil: lifecycle.retainedUntil(now, beginning.tokensExpireAt),
          details: { own: { ...details, provenAt }, authenticatedAt, boundSession, names },
          ...(hasWork && since === undefined ? { signIn: 'due' as const } : {}),
        }
      },
    )
    if (revised?.generation === next) {
      const { person } = address
      const publicId = publicIdOf(next)
      context.report({
        type: 'session.started',
        publicId,
        person,
        level: beginning.level,
        cause: 'assurance',
      })
    }
    return revised
  }

  /** What is left to do once the record is there: `undefined`, look again; else that it stands, or why it is over. */
  const settle = async (
    address: RecordAddress,
    record: LiveRecord,
    beginning: Proven,
  ): Promise<Established | undefined> => {
    const revoked = await findRevoked(beginning, ({ key }) => store.indexKeyRevocation(key))
    if (revoked !== undefined) {
      const now = clock()
      await lifecycle.end(address, record, { reason: revoked.reason, at: now }, now)
      return { address, refused: revoked.reason }
    }
    const isKept = await tokenVault.keep(address, record, beginning.tokens, beginning.tokensExpireAt)
    if (isKept) return { address, record }
    const current = await store.read(address)
    // The tokens that are kept there are another tab's, and newer.
    const isStanding = current?.state === 'live' && current.generation === record.generation
    return isStanding ? { address, record: current } : undefined
  }

  /** Once through: read, written, settled. `address` is where to look again. */
  const attempt = async (
    address: RecordAddress,
    known: Found,
    beginning: Proven,
    onTakenUp: (address: RecordAddress, record: LiveRecord) => void,
  ): Promise<Established | { readonly address: RecordAddress }> => {
    const now = clock()
    if (known?.state === 'alias') return { address: { ...address, session: known.session } }
    if (known?.state === 'live') {
      const record = await rekeySession(address, known, beginning, now)
      if (record !== undefined) onTakenUp(address, record)
      return (record && (await settle(address, record, beginning))) ?? { address }
    }
    const { began, record } = await begin(address, known, beginning, now)
    if (record.state === 'ended') return { address, refused: record.reason }
    if (record.state === 'alias') return { address: { ...address, session: record.session } }
    // Where another tab was faster its session is looked at, and taken up.
    return (began ? await settle(address, record, beginning) : undefined) ?? { address }
  }

  return {
    findRevoked,

    /**
     * Begins the session, or takes up what is there. A lost write is looked at again: live is taken up, ended is
     * refused. `onTakenUp` is told at once: from then on an older cookie of the session is dead, whatever comes next.
     * @throws StoreUnavailableError in an outage, and where the record changes faster than it can be taken up.
     */
    async establish(
      address: RecordAddress,
      known: Found,
      beginning: Proven,
      onTakenUp: (address: RecordAddress, record: LiveRecord) => void,
    ): Promise<Established> {
      let place = address
      let found = known
      for (let count = 0; count < mostAttempts; count += 1) {
        const outcome = await attempt(place, found, beginning, onTakenUp)
        if ('record' in outcome || 'refused' in outcome) return outcome
        place = outcome.address
        found = await checks.readNow(place, clock())
      }
      throw new StoreUnavailableError('the session record changed faster than a login could take it up')
    },
  }
}

function detailsOf(
  beginning: Proven,
  generationAt: number,
  pointers: ProtocolDetails['pointers'],
): ProtocolDetails {
  return {
    issuer: beginning.issuer,
    subject: beginning.subject,
    ...(beginning.sessionValue === undefined ? {} : { sessionValue: beginning.sessionValue }),
    claims: beginning.claims,
    method: beginning.method,
    provenAt: beginning.provenAt,
    tokenLife: Math.max(beginning.tokensExpireAt - beginning.tokensIssuedAt, 0),
    generationAt,
    ...(pointers === undefined ? {} : { pointers }),
  }
}

function isRefusedBy(
  revocation: Revocation | undefined,
  kind: SessionIndexKey['kind'],
  { since, provenAt }: Proven,
): boolean {
  return revocation !== undefined && (kind === 'person' ? since : provenAt) <= revocation.at
}

/**
 * When another tab began the generation that is in force, where that was just now and while this login was under way: a
 * cookie from before the login is dead all the same. Clocks of two instances differ, either way. Only where the other
 * has shown as much, or more: nobody gets a cookie of a level, or of a second factor, that they did not show, so the
 * session goes on with the lower one. `undefined`: this login begins a generation of its own.
 */
function generationAtOf(
  record: LiveRecord,
  own: ProtocolDetails | undefined,
  beginning: Proven,
  now: number,
): number | undefined {
  const generationAt = own?.generationAt
  if (generationAt === undefined) return undefined
  const isJustBegun = Math.abs(now - generationAt) < simultaneousMilliseconds
  const wasUnderWay = beginning.since < generationAt + clockDifference
  const isNoStronger =
    beginning.level <= record.level && (beginning.method === own?.method || beginning.method === 'password')
  return isJustBegun && wasUnderWay && isNoStronger ? generationAt : undefined
}
