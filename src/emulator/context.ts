/** @module What the endpoints of the emulator share. */
import type { ApplicationStores } from './application-stores.js'
import type { FaultGate } from './faults.js'
import type { KeyRing } from './keys.js'
import type { Mode } from './mode.js'
import type { RefreshAnswerShape, ResolvedEmulatorOptions } from './options.js'
import type { People, Person } from './people.js'
import type { ReturnRules } from './return-address.js'
import type { KeptSession, Sessions } from './sessions.js'
import type { SmsCodes } from './sms-codes.js'

/** The parts of an emulator, as its endpoints see them. */
export interface Context {
  readonly options: ResolvedEmulatorOptions
  readonly people: People
  readonly sessions: Sessions
  readonly codes: SmsCodes
  readonly keys: KeyRing
  readonly gate: FaultGate
  /** What the provider's own applications have kept, each for itself. */
  readonly applications: ApplicationStores
  /** Public origin. */
  url(): string
  /** The emulator's own time, travel and skew included. */
  now(): number
  refreshAnswer: RefreshAnswerShape
  /** Empty until they are made. */
  readonly modes: readonly Mode[]
}

/** The claims of a token of this session, exactly those of CitizenOne unless `sharesSessionId`. Source: CitizenOne, Sessions & JWT. */
export function claimsOf(context: Context, session: KeptSession, person: Person) {
  const now = context.now()
  return {
    mfaRequired: person.secondFactor !== undefined,
    isMfa: session.level !== 'password',
    isDidAuth: session.level === 'did',
    exp: Math.floor(Math.min(now + context.options.tokenSeconds * 1000, session.expiresAt) / 1000),
    jti: session.jti,
    iat: Math.floor(now / 1000),
    iss: context.url(),
    sub: person.sub,
    // One identifier outlives a new authentication: the token says when that was.
    ...(session.sid !== undefined && { sid: session.sid, auth_time: Math.floor(session.startedAt / 1000) }),
  }
}

/** Extends the session and signs its next token. */
export async function issueToken(context: Context, session: KeptSession, person: Person): Promise<string> {
  context.sessions.extend(session)
  const token = await context.keys.sign(claimsOf(context, session, person))
  session.newestToken = token
  return token
}

/** Resolves when whoever a mode tells of an ended session by server call has answered. */
export async function settleModes({ modes }: Pick<Context, 'modes'>): Promise<void> {
  for (const mode of modes) await mode.settled?.()
}

/** Whether a second factor is still missing. */
export const lacksSecondFactor = (session: KeptSession, person: Person): boolean =>
  person.secondFactor !== undefined && session.level === 'password'

/** What decides about return addresses. */
export const returnRules = (context: Context): ReturnRules => ({
  url: context.url(),
  domain: context.options.domain,
  allowedReturnOrigins: context.options.allowedReturnOrigins,
})
