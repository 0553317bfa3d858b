/** @module Whether a login that was asked for a new authentication brings one. */
import { randomText } from '../digest.js'
import type { Exchange } from '../exchange.js'
import type { VerifiedLogin } from '../protocols/sessions.js'
import type { EndedRecord, RecordAddress } from '../session-record.js'
import { openDetails } from '../sessions/record.js'
import { toleranceOf } from '../sessions/resume-policy.js'
import type { PluginSessionsContext } from './context.js'
import { type FoundRecord, previousAuthTimeOf } from './login-checks.js'

/**
 * Whether the person has proven in the course of the login who they are, where that had been asked for. What the
 * clocks cannot tell apart must be later, by the provider's own clock and without any tolerance, than what the
 * person's ended sessions stood on: a sign-out that did not reach the provider would be followed by a silent sign-in.
 * @throws StoreUnavailableError
 */
export async function isAsAsked(
  context: PluginSessionsContext,
  address: RecordAddress,
  { askedReauthentication, authenticatedAt, since }: VerifiedLogin,
): Promise<boolean> {
  if (!askedReauthentication) return true
  const tolerance = toleranceOf(context.skewMilliseconds)
  if (authenticatedAt < since - tolerance) return false
  return (
    authenticatedAt > since + tolerance ||
    authenticatedAt > (await newestEndedAuthTime(context, address, since))
  )
}

/**
 * Whether it is enough that a new authentication was asked for: the plug-in says so, no time of the person's is known
 * here, and no administrator has ended anything since the session that this browser had began.
 * @throws StoreUnavailableError
 */
export async function isTakenAsAsked(
  context: PluginSessionsContext,
  exchange: Exchange,
  address: RecordAddress,
  { acceptsAsked, askedReauthentication, since }: VerifiedLogin,
): Promise<boolean> {
  if (acceptsAsked !== true || !askedReauthentication) return false
  const { store, sealer, own } = context
  const previousAuthTime = previousAuthTimeOf(context, address, await store.read(address))
  if (previousAuthTime !== 0 || (await newestEndedAuthTime(context, address, since)) !== 0) return false
  const previous = own.stateOf(exchange)?.address
  const ended = previous?.person === address.person ? await store.read(previous) : undefined
  const details = ended?.state === 'ended' ? openDetails(sealer, previous ?? address, ended.sealed) : {}
  // One that ended before it began: the clock was put back, and what came since is nobody's to say.
  const isInOrder = ended?.state === 'ended' && (details.startedAt ?? 0) <= ended.at
  return !(await isEndedByAdministrator(
    context,
    address,
    ended === undefined ? undefined : previous,
    isInOrder ? (details.startedAt ?? 0) : 0,
  ))
}

/**
 * The newest authentication, by the provider's clock, of the person's other sessions here that had ended before a
 * time of ours; 0: none is known. Sessions without a name of the provider's lie at another address at each login.
 */
async function newestEndedAuthTime(
  context: PluginSessionsContext,
  address: RecordAddress,
  before: number,
): Promise<number> {
  let newest = 0
  for (const { address: other, record } of await context.store.list(address.person)) {
    const isOther = isOfApplication(context, other) && other.session !== address.session
    if (isOther && record.state === 'ended' && record.at <= before) {
      newest = Math.max(newest, previousAuthTimeOf(context, other, record))
    }
  }
  return newest
}

/** The ends by an administrator of this session, or of the person as far as the session knows. */
async function administratorEnds(
  { store, revocations }: PluginSessionsContext,
  { person, session }: RecordAddress,
) {
  const found = await Promise.all([store, revocations].map((kept) => kept?.revocation(person, session)))
  return found.flatMap((each) => (each?.reason === 'revoked' ? [each] : []))
}

/**
 * Whether an administrator has ended anything of a person here since a time, or at any time the session that the
 * browser had: between times of a clock that was put back nobody can tell which came first.
 */
async function isEndedByAdministrator(
  context: PluginSessionsContext,
  { person, session, application }: RecordAddress,
  previous: RecordAddress | undefined,
  since: number,
): Promise<boolean> {
  const ended = (await context.store.list(person)).filter(
    ({ address, record }) => isOfApplication(context, address) && record.state === 'ended',
  )
  // A session that had ended already keeps its reason. Its own revocation hides the person's: that is asked for by a
  // session that nobody has.
  const values = [...ended.map(({ address }) => address.session), session, randomText(context.random, 16)]
  const revoked = await Promise.all(
    values.map((value) => administratorEnds(context, { person, session: value, application })),
  )
  const ends = [
    ...ended.flatMap(({ record }) => (isAdministrators(record) ? [record] : [])),
    ...revoked.flat(),
  ]
  if (ends.some(({ at }) => at >= since)) return true
  if (previous === undefined) return false
  const record = await context.store.read(previous)
  const isItsOwn = (await administratorEnds(context, previous)).some(({ kind }) => kind === 'session')
  return isItsOwn || isAdministrators(record)
}

function isOfApplication(
  { options }: Pick<PluginSessionsContext, 'options'>,
  { application }: RecordAddress,
): boolean {
  return application === options.application.id
}

function isAdministrators(record: FoundRecord): record is EndedRecord {
  return record?.state === 'ended' && record.reason === 'revoked'
}
