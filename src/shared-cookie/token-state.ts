/** @module What is remembered of a session beside its verified token, so that a plain request computes nothing twice. */

import type { RecordAddress, SessionRecord } from '../session-record.js'
import { personOf, publicIdOf, sessionOf } from '../sessions/record.js'
import { ageAtRenewal, renewalShare } from '../sessions/token-expiry.js'
import type { Store } from '../stores/store.js'
import { noWait } from '../wait.js'

/** The part of a verified token that its state is made from. */
export interface StatefulToken {
  readonly claims: { readonly iss: string; readonly sub: string }
  readonly sessionValue: string
  /** Milliseconds since the epoch. */
  readonly issuedAt: number
  readonly expiresAt: number
  /** Slot for this state; lives as long as the token is remembered. */
  attachment: unknown
}

/** State of one token in one process. Losing it costs time, never correctness. */
export class TokenState {
  /** Where the record lies; follows an alias. */
  address: RecordAddress
  /** Generation that `publicId` and `hint` belong to. */
  generation = ''
  publicId = ''
  /** Value of the hint cookie that was found to be of this generation. */
  hint: string | undefined = undefined
  /** From when on a touching request extends the identity session, by the times of the token. */
  readonly refreshDueAt: number
  /** For how long no refresh is tried although one is due. */
  refreshWait = noWait
  /** When the last touch was begun that was written here: requests that had read before it leave it to that one. */
  touchedAt = 0
  /** The touch that is under way here. */
  touching: Promise<boolean> | undefined = undefined
  /** For how long the identity provider counts as out of reach. */
  degraded = noWait
  /** Failed refreshes in a row. */
  failures = 0
  /** `exp` of a newer token that the record knows, but that is not ours to hand out. */
  passedExpiresAt = 0
  /** Whether the record knows that this token lacks the second factor. */
  isMissingFactorNoted = false

  constructor(address: RecordAddress, refreshDueAt: number) {
    this.address = address
    this.refreshDueAt = refreshDueAt
  }

  /** Takes up a generation; what belonged to another one is forgotten. */
  adopt(generation: string): void {
    if (this.generation === generation) return
    this.generation = generation
    this.publicId = publicIdOf(generation)
    this.hint = undefined
  }

  /** Remembers the value of a hint cookie of this generation. A copy: a slice would keep the whole `Cookie` header alive. */
  keepHint(value: string): void {
    this.hint = Buffer.from(value).toString()
  }
}

/** Returns the state of a token for one application, made on first sight. */
export function tokenState(
  token: StatefulToken,
  application: string,
  refreshAfterSeconds: number | undefined,
): TokenState {
  const known = token.attachment
  if (known instanceof TokenState) return known
  const { iss, sub } = token.claims
  const address = { person: personOf(iss, sub), session: sessionOf(iss, token.sessionValue), application }
  const life = token.expiresAt - token.issuedAt
  const age = ageAtRenewal(refreshAfterSeconds, life, renewalShare(address))
  const state = new TokenState(address, token.issuedAt + age)
  token.attachment = state
  return state
}

/** Reads the record of a token; where its session value is an alias, that of the root, which the state then names. */
export async function readRoot(
  store: Pick<Store, 'read'>,
  state: TokenState,
): Promise<SessionRecord | undefined> {
  const record = await store.read(state.address)
  if (record?.state !== 'alias') return record
  state.address = { ...state.address, session: record.session }
  const root = await store.read(state.address)
  return root?.state === 'alias' ? undefined : root
}
