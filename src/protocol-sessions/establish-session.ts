/**
 * @module The record of a session that a login begins: written, and looked at again where a write is lost. Two tabs that
 * sign in at once share one session; what has ended meanwhile stays ended.
 */
import { StoreUnavailableError } from '../errors.js'
import type { SessionIndexKey, VerifiedLogin } from '../protocols/sessions.js'
import type { EndReason, LiveRecord, RecordAddress, SessionRecord } from '../session-record.js'
import { boundedEnd, limitOf } from '../sessions/provider-end.js'
import { createGeneration, type ProtocolDetails, publicIdOf, type RecordDetails } from '../sessions/record.js'
import { resumeOf } from '../sessions/resume-policy.js'
import { type Revision, reviseDetails } from '../sessions/revise.js'
import type { SessionStartOutcome } from '../sessions/start.js'
import { soonerThan } from '../sessions/token-expiry.js'
import type { Revocation, Store } from '../stores/store.js'
import { unlessAhead } from '../wait.js'
import type { PluginSessionsContext } from './context.js'
import { indexKeysToKeep } from './index-keys.js'
import { type FoundRecord, previousAuthTimeOf, readNow } from './login-checks.js'

/** A login with what it proves. */
export interface ProvenLogin extends VerifiedLogin {
  /** Name of the plug-in. */
  readonly provider: string
  /** When the login began that brought a new authentication; 0: none did. */
  readonly provenAt: number
}

/** A login that is to begin a session. */
export interface EstablishRequest {
  readonly address: RecordAddress
  /** What lay at the address when it was last read. */
  readonly known: FoundRecord
  readonly login: ProvenLogin
  /** Told at once: from then on an older cookie of the session is dead, whatever comes next. */
  readonly onRekeyed: (address: RecordAddress, record: LiveRecord) => void
}

/** What a login came to: a live session at an address, or why there is none. */
export type Established =
  | { readonly address: RecordAddress; readonly record: LiveRecord }
  | { readonly address: RecordAddress; readonly refused: EndReason }

/** Where to look again: what was to be written has changed. */
type LookAgain = { readonly address: RecordAddress }

/**
 * Answers of one browser that arrive within this time share the session that the first of them began; milliseconds.
 * Long enough for a slow store and a restored window of tabs, short enough that no cookie outlives a new login by more.
 */
const simultaneousMilliseconds = 10_000
/** How far the clocks of two instances may be apart where they compare when a login began and another came back. */
const clockDifference = 1000
const mostAttempts = 6

/**
 * Begins the session, or takes up what is there. A lost write is looked at again: live is taken up, ended is refused.
 * @throws StoreUnavailableError in an outage, and where the record changes faster than it can be taken up.
 */
export async function establishSession(
  context: PluginSessionsContext,
  request: EstablishRequest,
): Promise<Established> {
  let { address, known } = request
  for (let count = 0; count < mostAttempts; count += 1) {
    const outcome = await attempt(context, { ...request, address, known })
    if ('record' in outcome || 'refused' in outcome) return outcome
    address = outcome.address
    known = await readNow(context, address, context.options.clock())
  }
  throw new StoreUnavailableError('the session record changed faster than a login could take it up')
}

/**
 * Looks for an index key of the login that was revoked. Asked before the start and after it: an end under way is seen by
 * one of the two.
 */
export async function findRevoked(
  login: ProvenLogin,
  look: (indexKey: SessionIndexKey) => ReturnType<Store['indexKeyRevocation']>,
): Promise<Revocation | undefined> {
  for (const indexKey of login.indexKeys) {
    const revocation = await look(indexKey)
    if (isRefusedBy(revocation, indexKey.kind, login)) return revocation
  }
  return undefined
}

/** Once through: read, written, settled. */
async function attempt(
  context: PluginSessionsContext,
  request: EstablishRequest,
): Promise<Established | LookAgain> {
  const { address, known, login } = request
  const now = context.options.clock()
  if (known?.state === 'alias') return { address: { ...address, session: known.session } }
  if (known?.state === 'live') {
    const record = await rekeySession(context, { address, record: known, login, now })
    if (record !== undefined) request.onRekeyed(address, record)
    return (record && (await settle(context, address, record, login))) ?? { address }
  }
  const { started, record } = await beginSession(context, { address, known, login, now })
  if (record.state === 'ended') return { address, refused: record.reason }
  if (record.state === 'alias') return { address: { ...address, session: record.session } }
  if (started && now >= record.endsAt) {
    // It was idle, and could have been resumed, until its absolute limit.
    const end = { reason: 'absolute-timeout', at: record.endsAt } as const
    await context.lifecycle.end(address, record, end, now)
    return { address, refused: end.reason }
  }
  // Where another tab was faster its session is looked at, and taken up.
  return (started ? await settle(context, address, record, login) : undefined) ?? { address }
}

function beginSession(
  context: PluginSessionsContext,
  {
    address,
    known,
    login,
    now,
  }: Pick<EstablishRequest, 'address' | 'login'> & {
    readonly known: SessionRecord | undefined
    readonly now: number
  },
): Promise<SessionStartOutcome> {
  const { options, store, lifecycle, skewMilliseconds } = context
  const ended = known?.state === 'ended' ? known : undefined
  const proof = { ...login, isNewer: ended !== undefined && login.since > ended.at }
  const rules = { onIdle: options.application.onIdle, skewMilliseconds }
  const resumed = ended && resumeOf(ended, previousAuthTimeOf(context, address, ended), proof, rules)
  return lifecycle.startSession({
    address,
    now,
    issuedAt: login.since,
    tokenExpiresAt: login.tokensExpireAt,
    level: login.level,
    authenticatedAt: login.authenticatedAt,
    provenAt: login.provenAt,
    endsAt: login.endsAt,
    own: detailsOf(login, now, indexKeysToKeep(store, login.indexKeys)),
    resumes: resumed === undefined ? undefined : ended,
    keepsLimit: resumed === 'resumed',
  })
}

/** A live session, and the login that takes it up. */
interface RekeyRequest {
  readonly address: RecordAddress
  readonly record: LiveRecord
  readonly login: ProvenLogin
  readonly now: number
}

/**
 * A live session of the same provider session goes on, under a new generation: the old cookie is dead at once. Not
 * where another tab has begun that generation while this login was under way: then both have the one cookie, and it
 * does not matter whose answer comes last. `undefined`: not written, look again.
 */
async function rekeySession(
  context: PluginSessionsContext,
  request: RekeyRequest,
): Promise<LiveRecord | undefined> {
  const { address, record, login } = request
  const next = createGeneration(context.random)
  const revised = await reviseDetails(context, address, record, (details, found) =>
    rekeyedRecord(context, request, { details, found, next }),
  )
  if (revised?.generation === next) {
    const { person } = address
    const publicId = publicIdOf(next)
    context.report({ type: 'session.started', publicId, person, level: login.level, cause: 'assurance' })
  }
  return revised
}

/** The record as the login leaves it. `next`: the generation that begins, where none is shared. */
function rekeyedRecord(
  { options, store, lifecycle }: PluginSessionsContext,
  { login, now }: RekeyRequest,
  {
    details: known,
    found,
    next,
  }: { readonly details: RecordDetails; readonly found: LiveRecord; readonly next: string },
): Revision {
  const { boundSession, own: before, names } = known
  const since = sharedGenerationAt(found, before, login, now)
  const pointers = indexKeysToKeep(store, login.indexKeys, before?.pointers)
  const details = detailsOf(login, since ?? now, pointers)
  const previousAuthTime = unlessAhead(found.authenticatedAt, now)
  // What was only asked for does not become recent by a time that is stated later.
  const wasAsked = found.authenticatedAt === 0 && login.authenticatedAt !== 0
  const provenBefore = wasAsked ? 0 : unlessAhead(before?.provenAt ?? 0, now)
  const provenAt = Math.max(details.provenAt, provenBefore)
  const isProven = login.authenticatedAt > previousAuthTime
  const authenticatedAt = Math.max(login.authenticatedAt, previousAuthTime)
  const { endsAt, limit } = isProven
    ? boundedEnd(now + options.application.absoluteSeconds * 1000, login.endsAt)
    : boundedEnd(limitOf(found, known), login.endsAt ?? found.endsAt)
  return {
    generation: since === undefined ? next : found.generation,
    lastSeenAt: now,
    level: login.level,
    authenticatedAt,
    endsAt,
    tokenExpiresAt: login.tokensExpireAt,
    retainUntil: lifecycle.retainedUntil(now, login.tokensExpireAt),
    details: {
      own: { ...details, provenAt, sooner: soonerThan(found, login.tokensExpireAt) },
      authenticatedAt,
      limit,
      boundSession,
      names,
    },
    ...(options.onSignIn !== undefined && since === undefined ? { signIn: 'due' as const } : {}),
  }
}

/** What is left to do once the record is there: `undefined`, look again; else that it stands, or why it is over. */
async function settle(
  { options, store, lifecycle, tokenVault }: PluginSessionsContext,
  address: RecordAddress,
  record: LiveRecord,
  login: ProvenLogin,
): Promise<Established | undefined> {
  const revoked = await findRevoked(login, ({ key }) => store.indexKeyRevocation(key))
  if (revoked !== undefined) {
    const now = options.clock()
    await lifecycle.end(address, record, { reason: revoked.reason, at: now }, now)
    return { address, refused: revoked.reason }
  }
  const isKept = await tokenVault.keep(address, record, login.tokens, login.tokensExpireAt)
  if (isKept) return { address, record }
  const current = await store.read(address)
  // The tokens that are kept there are another tab's, and newer.
  const isStanding = current?.state === 'live' && current.generation === record.generation
  return isStanding ? { address, record: current } : undefined
}

function detailsOf(
  login: ProvenLogin,
  generationAt: number,
  pointers: ProtocolDetails['pointers'],
): ProtocolDetails {
  return {
    provider: login.provider,
    issuer: login.issuer,
    subject: login.subject,
    ...(login.sessionValue === undefined ? {} : { sessionValue: login.sessionValue }),
    claims: login.claims,
    ...(login.userInfo === undefined ? {} : { userInfo: login.userInfo }),
    method: login.method,
    provenAt: login.provenAt,
    tokenLife: Math.max(login.tokensExpireAt - login.tokensIssuedAt, 0),
    generationAt,
    ...(pointers === undefined ? {} : { pointers }),
  }
}

function isRefusedBy(
  revocation: Revocation | undefined,
  kind: SessionIndexKey['kind'],
  { since, provenAt }: ProvenLogin,
): boolean {
  return revocation !== undefined && (kind === 'person' ? since : provenAt) <= revocation.at
}

/**
 * When another tab began the generation that is in force, where that was just now and while this login was under way: a
 * cookie from before the login is dead all the same. Clocks of two instances differ, either way. Only where the other
 * has shown as much, or more: nobody gets a cookie of a level, or of a second factor, that they did not show, so the
 * session goes on with the lower one. Nor where it came by another provider, whose name its cookie says. `undefined`: this
 * login begins a generation of its own.
 */
function sharedGenerationAt(
  record: LiveRecord,
  own: ProtocolDetails | undefined,
  login: ProvenLogin,
  now: number,
): number | undefined {
  const generationAt = own?.generationAt
  const isOfAnother = own?.provider !== undefined && own.provider !== login.provider
  if (generationAt === undefined || isOfAnother) return undefined
  const isJustBegun = Math.abs(now - generationAt) < simultaneousMilliseconds
  const wasUnderWay = login.since < generationAt + clockDifference
  const isNoStronger =
    login.level <= record.level && (login.method === own?.method || login.method === 'password')
  return isJustBegun && wasUnderWay && isNoStronger ? generationAt : undefined
}
