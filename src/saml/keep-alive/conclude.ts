/** @module A passive request comes back: the session is extended, ended, or left as it is; never begun or raised. */
import type { Exchange, Reply } from '../../exchange.js'
import { whileStored } from '../../pages/while-stored.js'
import type { ProtocolSession, ProtocolSessions, VerifiedLogin } from '../../protocols/sessions.js'
import { releaseQuietly } from '../../sessions/lease.js'
import { personOf, publicIdOf } from '../../sessions/record.js'
import type { Assertion } from '../assertion.js'
import type { Received } from '../receive-message.js'
import type { LoginResponse } from '../response.js'
import { SamlError, SamlMetadataError } from '../saml-error.js'
import { openName, type StoredNameId, subjectOf } from '../stored-name-id.js'
import { verifiedLoginOf } from '../verified-login.js'
import { verifyAnswer } from '../verify-answer.js'
import { notDueFor } from './begin.js'
import {
  type KeepAliveContext,
  leaseKeyOf,
  type PassiveOutcome,
  type PassiveTransaction,
  pauseSeconds,
  retrySeconds,
  tellOutcome,
} from './context.js'
import { decidePassive, type PassiveAnswer } from './decision.js'

/** A visit that has come back for the session that it is about. */
interface ReturnedVisit {
  readonly exchange: Exchange
  readonly transaction: PassiveTransaction & { readonly since: number }
  readonly session: ProtocolSession
  /** `undefined`: nothing that could be believed. */
  readonly response: LoginResponse | undefined
}

/** Takes the answer to a passive request; `undefined`: it is none of those of this browser. */
export async function concludePassive(
  context: KeepAliveContext,
  exchange: Exchange,
  received: Received,
): Promise<Reply | undefined> {
  const { transactions, now } = context
  const found = transactions.find(exchange, received.relayState, now())
  if (received.kind !== 'SAMLResponse' || found === undefined) return undefined
  return whileStored(
    context.host.report,
    () => takeAnswer(context, exchange, received, found.state),
    () => tellOutcome(context, exchange, found.content, 'failed'),
  )
}

async function takeAnswer(
  context: KeepAliveContext,
  exchange: Exchange,
  received: Received,
  state: string,
): Promise<Reply> {
  const { transactions, host, now } = context
  const response = await readAnswer(context, received, state)
  const taken = await transactions.take(exchange, state, now())
  if (taken === undefined) return host.unknownStatePage(exchange, state)
  const transaction = { ...taken.content, since: taken.since }
  // Looked at after all waiting: what has ended meanwhile stays so.
  const session = await host.sessions.current(exchange)
  if (session === undefined || publicIdOf(session.record.generation) !== transaction.session) {
    return tellOutcome(context, exchange, transaction, 'no-session')
  }
  const visit = { exchange, transaction, session, response }
  const outcome = await takeUp(context, visit)
  const dueIn = outcome === 'kept' ? notDueFor(context, now()) : undefined
  return tellOutcome(context, exchange, transaction, outcome, dueIn)
}

/** What the provider says; `undefined`: nothing that is to be believed, which is told and ends nothing. */
async function readAnswer(
  context: KeepAliveContext,
  received: Received,
  state: string,
): Promise<LoginResponse | undefined> {
  try {
    return await verifyAnswer(context, received, state)
  } catch (error) {
    if (error instanceof SamlMetadataError) return undefined
    if (!(error instanceof SamlError)) throw error
    const problem = `saml ${error.problem}`
    context.host.report({ type: 'token.rejected', problem, credential: 'saml-message' })
    return undefined
  }
}

/** Takes each assertion once. */
async function takeUp(context: KeepAliveContext, visit: ReturnedVisit): Promise<PassiveOutcome> {
  const { response, transaction } = visit
  if (response?.kind !== 'assertion') return carryOut(context, visit)
  const { options, takeOnce } = context
  const { assertion, responseId } = response
  const skew = options.clockSkewSeconds * 1000
  const { expiresAt } = assertion
  const message = { issuer: options.identityProvider, expiresAt, now: context.now(), skew }
  try {
    return await takeOnce({ ...message, kind: 'response', id: responseId }, () =>
      takeOnce({ ...message, kind: 'assertion', id: assertion.id }, () => carryOut(context, visit)),
    )
  } catch (error) {
    if (!(error instanceof SamlError)) throw error
    context.host.report({
      type: 'token.rejected',
      problem: `saml ${error.problem}`,
      credential: 'saml-message',
    })
    await leaveAlone(context, visit.session, transaction.fence, retrySeconds)
    return 'failed'
  }
}

async function carryOut(context: KeepAliveContext, visit: ReturnedVisit): Promise<PassiveOutcome> {
  const { host } = context
  const { transaction, session, response } = visit
  const { fence } = transaction
  const answer = answerOf(context, session, response)
  const step = decidePassive(answer, {
    ...transaction,
    isExtendedAtTop: session.extended?.isAtTop === true,
    isOvertaken: isOvertaken(visit),
  })
  switch (step) {
    case 'kept':
      return response?.kind === 'assertion' ? extend(context, visit, response.assertion) : 'failed'
    case 'identity-changed':
      if (response?.kind === 'assertion') reportOther(context, session, response.assertion)
      await host.sessions.end(session, step)
      return step
    case 'identity-ended':
      await host.sessions.end(session, step)
      return step
    case 'no-passive':
      host.report({ type: 'warning', code: 'saml-no-passive', message: noPassive })
      await leaveAlone(context, session, fence, pauseSeconds)
      return step
    case 'failed':
      if (response?.kind === 'refused') {
        const { code, subcode = code } = response.status
        const message = `a passive request was answered ${subcode}: the provider’s session was not extended`
        host.report({ type: 'warning', code: 'saml-keep-alive', message })
      }
      await leaveAlone(context, session, fence, retrySeconds)
      return step
  }
}

const noPassive =
  'the provider answers NoPassive: its session is over, it wants to show something, or its cookies do not come with frames; it was not extended'

/** No instance asks again before that. */
async function leaveAlone(
  { host }: KeepAliveContext,
  { address }: ProtocolSession,
  fence: number,
  seconds: number,
): Promise<void> {
  await host.store.renewLease(leaseKeyOf(address), fence, seconds)
}

function answerOf(
  context: KeepAliveContext,
  session: ProtocolSession,
  response: LoginResponse | undefined,
): PassiveAnswer {
  if (response === undefined) return { kind: 'invalid' }
  if (response.kind === 'refused') {
    return { kind: 'status', subcode: response.status.subcode, isSigned: response.isSigned }
  }
  return { kind: 'assertion', isSamePerson: isSamePerson(context, session, response.assertion) }
}

/** Whether the provider has answered a later request: this one's answer may say what is no longer so. */
function isOvertaken({ transaction, session }: ReturnedVisit): boolean {
  return transaction.since < session.extendedAt
}

/** Formats whose names are other ones each time, or may be: an other name says nothing by itself. */
const passingFormat = 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient'

/** Whether an assertion names the session's person. Source: SAML Core, section 8.3.8. */
function isSamePerson(
  { parties, options }: KeepAliveContext,
  session: ProtocolSession,
  assertion: Assertion,
): 'yes' | 'no' | 'unknown' {
  const { nameId } = assertion
  if (subjectOf(nameId, parties, options.nameIdFormat) === session.subject) return 'yes'
  const kept = keptName(session)
  const isPassing = nameId.format === passingFormat || kept?.nameId.format === passingFormat
  if (!isPassing) return 'no'
  return isSameSession(session, kept, assertion) ? 'yes' : 'unknown'
}

/**
 * Whether an assertion is of the provider's session that ours began with: by the time of authentication, or by its index, as
 * long as that is not the one of another session which has been extended since.
 */
function isSameSession(
  { record, extended }: ProtocolSession,
  kept: StoredNameId | undefined,
  { sessionIndex, authenticatedAt }: Assertion,
): boolean {
  const isIndexed =
    extended?.isOther !== true && sessionIndex !== undefined && sessionIndex === kept?.sessionIndex
  return isIndexed || (record.authenticatedAt !== 0 && authenticatedAt === record.authenticatedAt)
}

const keptName = ({ tokens }: ProtocolSession): StoredNameId | undefined =>
  tokens === undefined ? undefined : openName(tokens)

/**
 * Notes that the provider's session is extended, the names that it has by now, and its end. What is said of the person is
 * taken up where it is of the session that ours began with, and of another one only where it is less: nobody rises by the
 * answer to a request that showed nothing. An answer that was overtaken takes a factor away, and changes nothing else.
 */
async function extend(
  context: KeepAliveContext,
  visit: ReturnedVisit,
  assertion: Assertion,
): Promise<PassiveOutcome> {
  const { transaction, session, exchange } = visit
  const { host, detours, now } = context
  const { since, place, isSentAsForm, fence, detour } = transaction
  const login = verifiedLoginOf(context, assertion, { since, reauthenticate: false, mayResume: false })
  const kept = keptName(session)
  const isSame = isSameSession(session, kept, assertion)
  const isLate = isOvertaken(visit)
  const person = personToTakeUp(visit, login, isSame)
  const { sessionValue, tokens, indexKeys } = login
  const outcome = await host.sessions.renew(session, {
    ...person,
    // By whichever name the provider ends it later; a session that is not named keeps the name that it had.
    ...(sessionValue === undefined || sessionValue === kept?.sessionIndex ? {} : { sessionValue }),
    ...(tokens === session.tokens ? {} : { indexKeys }),
    tokens: sessionValue === undefined || isLate ? (session.tokens ?? tokens) : tokens,
    tokensIssuedAt: 0,
    tokensExpireAt: 0,
    endsAt: isLate ? undefined : login.endsAt,
    extended: {
      at: now(),
      isAtTop: (place === 'top' && !isSentAsForm) || session.extended?.isAtTop === true,
      isOther: !isSame || session.extended?.isOther === true,
    },
  })
  if (outcome !== 'renewed') return outcome === 'busy' ? 'busy' : 'no-session'
  await releaseQuietly(host.store, leaseKeyOf(session.address), fence)
  if (place === 'top') detours.find(exchange, detour, now())?.remove()
  const publicId = publicIdOf(session.record.generation)
  host.report({ type: 'identity.refreshed', publicId, result: 'extended', milliseconds: now() - since })
  return 'kept'
}

/** What of an answer counts for the person of the session. */
function personToTakeUp(
  visit: ReturnedVisit,
  { claims, level, method }: VerifiedLogin,
  isSame: boolean,
): Pick<Parameters<ProtocolSessions['renew']>[1], 'claims' | 'level' | 'method'> {
  const { session } = visit
  const isLess = level < session.record.level
  if (isOvertaken(visit)) return isLess ? { level, method } : {}
  // Of a person whose name is another one each time, the subject of the session stays.
  return isSame || isLess ? { claims: { ...claims, sub: session.claims.sub }, level, method } : {}
}

function reportOther(
  { host, options, parties }: KeepAliveContext,
  session: ProtocolSession,
  { nameId }: Assertion,
): void {
  const person = personOf(options.identityProvider, subjectOf(nameId, parties, options.nameIdFormat))
  host.report({ type: 'session.identity-changed', person, previousPerson: session.address.person })
}
