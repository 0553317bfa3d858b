/** @module The tokens by which backends know who is there: short, for one audience, and signed as seldom as may be. */
import type { ActiveCitizen } from '../citizen.js'
import type { GatePolicy } from '../config/gate-options.js'
import type { ResolvedOptions } from '../config/options.js'
import type { KeyRing } from '../issuing/ring.js'
import { gateTokenType, reservedClaims, signToken } from '../issuing/token.js'
import { createRecent } from '../recent.js'
import { release } from '../sessions/release.js'

/** The application's functions for `sub` and `claims` did not say what a token can hold. */
export class UnsaidClaims extends Error {
  override readonly name = 'UnsaidClaims'
  /** The class of what was thrown: its message may hold data of the person. */
  readonly thrown: string | undefined

  constructor(message: string, thrown?: string) {
    super(message)
    this.thrown = thrown
  }
}

/** Makes the token of a citizen for a policy. */
export type GateTokens = (citizen: ActiveCitizen, name: string, policy: GatePolicy) => Promise<string>

/** What tokens are made of. */
export interface GateTokensContext {
  readonly keys: KeyRing
  /** The claim `iss`: where the application lies. */
  readonly issuer: string
  readonly settings: Pick<ResolvedOptions['routes']['gate'], 'subject' | 'claims' | 'tokenSeconds'>
  readonly clock: () => number
}

/** A token, and what it was made with. Times are milliseconds since the epoch. */
interface Kept {
  readonly token: Promise<string>
  readonly kid: string
  readonly since: number
  /** How long it is handed out. */
  readonly milliseconds: number
}

/** What a proxy reads of one header at most, with room for the others. */
const longestSubject = 256
/** What is remembered of tokens at most, for all who are signed in. */
const mostBytes = 8_388_608
/** What remembering one takes besides its claims: signature, header, name. */
const bytesOfToken = 2048

/**
 * Makes them. A token is handed out for the first half of its life, so that it is good for at least the other half wherever it
 * arrives; it is good no longer than the session can be.
 * @throws UnsaidClaims; CitizenSessionError `keys-unavailable`, `key-ring`, `usage`
 */
export function createGateTokens(context: GateTokensContext): GateTokens {
  const { keys, settings, clock } = context
  const recent = createRecent<Kept>({ maximumBytes: mostBytes })
  return async (citizen, name, policy) => {
    const { session, assurance, provider, claims } = citizen
    const { kid } = await keys.signer()
    const now = clock()
    // The public id is of one generation: another person, or a rise in assurance, has another.
    const about = JSON.stringify([session.publicId, name, assurance.level, provider, claims.sub])
    const kept = recent.get(about)
    const isFresh = kept?.kid === kid && now >= kept.since && now - kept.since < kept.milliseconds
    if (isFresh) return kept.token
    const left = Math.floor((Math.min(session.endsAt, session.idleEndsAt) - now) / 1000)
    const seconds = Math.max(1, Math.min(settings.tokenSeconds, left))
    const token = sign(context, citizen, policy.audience, { now, seconds })
    recent.set(about, { token, kid, since: now, milliseconds: seconds * 500 }, bytesOfToken)
    try {
      return await token
    } catch (error) {
      // The next request asks anew.
      recent.set(about, { token, kid, since: now, milliseconds: 0 }, bytesOfToken)
      throw error
    }
  }
}

async function sign(
  { keys, issuer, settings }: GateTokensContext,
  citizen: ActiveCitizen,
  audience: string,
  { now, seconds }: { readonly now: number; readonly seconds: number },
): Promise<string> {
  const { subject, claims } = await saidOf(settings, citizen)
  return signToken(keys, {
    issuer,
    audience,
    subject,
    lifetimeSeconds: seconds,
    claims: { ...claims, level: citizen.assurance.level },
    now,
    type: gateTokenType,
  })
}

/** What the application says of a person. */
async function saidOf(
  { subject: nameOf, claims: claimsOf }: GateTokensContext['settings'],
  citizen: ActiveCitizen,
): Promise<{ readonly subject: string; readonly claims: object }> {
  const released = await release(async () => ({
    subject: nameOf === undefined ? citizen.claims.sub : await nameOf(citizen),
    claims: (await claimsOf?.(citizen)) ?? {},
  }))
  if ('problem' in released) throw new UnsaidClaims(`no claims (${released.problem})`, released.error)
  const { subject, claims }: { subject?: unknown; claims?: unknown } = released.value
  if (typeof subject !== 'string' || subject === '' || subject.length > longestSubject)
    throw new UnsaidClaims('the subject is a text of 1 to 256 characters')
  if (typeof claims !== 'object' || claims === null || Array.isArray(claims))
    throw new UnsaidClaims('claims are an object')
  if (Object.keys(claims).some((name) => name === 'level' || reservedClaims.has(name)))
    throw new UnsaidClaims('level, and what RFC 7519 registers, are not for the application to set')
  return { subject, claims }
}
