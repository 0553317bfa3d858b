/** @module The start of a session, or of one that ended and is resumed: its record written, and told then. */
import type {
  AliasRecord,
  EndedRecord,
  LiveRecord,
  NewestToken,
  RecordAddress,
  SessionRecord,
} from '../session-record.js'
import type { FoundRevocation } from '../stores/store.js'
import { announceEnd } from './end.js'
import { type LifecycleContext, retainedUntil } from './lifecycle-context.js'
import { boundedEnd } from './provider-end.js'
import {
  createGeneration,
  openDetails,
  type ProtocolDetails,
  publicIdOf,
  type RecordDetails,
  sealDetails,
} from './record.js'

/** What a session begins with. */
export interface SessionStart {
  readonly address: RecordAddress
  readonly now: number
  /** `iat` of the token, or when a login by a protocol began. Milliseconds. */
  readonly issuedAt: number
  readonly tokenExpiresAt: number
  readonly level: number
  /** Of the shared cookie: what the token shows by which it begins. */
  readonly newestToken?: NewestToken | undefined
  /** 0 when unknown. */
  readonly authenticatedAt: number
  /** When the login began that brought a new authentication: revocations before it do not concern this beginning. */
  readonly provenAt?: number | undefined
  /** The session ends then at the latest, whatever the absolute limit; absent: what is resumed ends as it would have. */
  readonly endsAt?: number | undefined
  /** What the record says besides its times; its own bound session and beginning are added. */
  readonly own?: ProtocolDetails | undefined
  /** Begun only so that it can end: it displaces nobody's session, and nobody is told that it began. */
  readonly isOnlyToEnd?: boolean | undefined
  /** An application end after which the session goes on. */
  readonly resumes?: EndedRecord | undefined
  /** A resumed session keeps its old beginning and limit unless a new authentication is proven. */
  readonly keepsLimit?: boolean | undefined
}

/** What is there after an attempt to start. */
export interface SessionStartOutcome {
  readonly started: boolean
  readonly record: SessionRecord | AliasRecord
}

/** Starts a session, unless something stands in its way; what was revoked elsewhere is met first. */
export async function startSession(
  context: LifecycleContext,
  start: SessionStart,
): Promise<SessionStartOutcome> {
  const { address, now, resumes, issuedAt, tokenExpiresAt, provenAt = 0, isOnlyToEnd = false } = start
  const concerns = ({ kind, at }: FoundRevocation) => provenAt <= at && (kind === 'session' || issuedAt < at)
  await context.revoking.meet(address, concerns, { now, tokenExpiresAt })
  const before = resumes === undefined ? {} : openDetails(context.sealer, address, resumes.sealed)
  const record = recordOf(context, start, before)
  const mostRecords = context.mostRecords + (isOnlyToEnd ? 1 : 0)
  const request = { record, issuedAt, now, resumes, provenAt, mostRecords }
  const outcome = await context.store.start(address, request)
  if (outcome.outcome !== 'started') return { started: false, record: outcome.record }
  for (const { address: displaced, record: ended } of outcome.displaced ?? []) {
    if (ended.state === 'live') announceEnd(context, displaced, ended, 'too-many-sessions')
  }
  if (!isOnlyToEnd) {
    context.report({
      type: 'session.started',
      publicId: publicIdOf(record.generation),
      person: address.person,
      level: record.level,
      cause: resumes === undefined ? 'first' : 'resumed',
      ...(start.own?.provider === undefined ? {} : { provider: start.own.provider }),
    })
  }
  return { started: true, record: outcome.record }
}

/** The record of a session that starts now. `before`: the details of the one that it resumes. */
function recordOf(context: LifecycleContext, start: SessionStart, before: RecordDetails): LiveRecord {
  const { address, now, own, tokenExpiresAt, authenticatedAt } = start
  const keepsLimit = start.keepsLimit === true
  const kept = keepsLimit ? before : {}
  const { endsAt, limit } = boundedEnd(
    kept.limit ?? kept.endsAt ?? now + context.absoluteMilliseconds,
    start.endsAt ?? kept.endsAt,
  )
  return {
    state: 'live',
    generation: createGeneration(context.random),
    startedAt: kept.startedAt ?? now,
    lastSeenAt: now,
    endsAt,
    idleMilliseconds: context.idleMilliseconds,
    tokenExpiresAt,
    level: start.level,
    authenticatedAt,
    retainUntil: retainedUntil(context.retention, now, tokenExpiresAt),
    // A revocation takes over this text as it is: the next login must know what the session stood on.
    sealed:
      own === undefined && before.names === undefined
        ? ''
        : sealDetails(context.sealer, address, { own, authenticatedAt, limit, names: before.names }),
    ...(context.hasSignInWork ? { signIn: 'due' } : {}),
    ...(own === undefined ? {} : { begunBy: 'protocol' }),
    ...(start.newestToken === undefined ? {} : { newestToken: start.newestToken }),
  }
}
