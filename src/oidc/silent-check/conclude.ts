/** @module A silent check concludes: the session is renewed, asked about once more, ended, or left alone. */
import type { Exchange, Reply } from '../../exchange.js'
import { renderScriptedPage } from '../../pages/scripted-page.js'
import { whileStored } from '../../pages/while-stored.js'
import type { ProtocolSession } from '../../protocols/sessions.js'
import type { PersonStatement } from '../../protocols/token-refresh.js'
import { isFramed } from '../../sessions/activity.js'
import { personOf, publicIdOf } from '../../sessions/record.js'
import { stateOf } from '../authorization-answer.js'
import { onceMoreScript } from '../check-session-script.js'
import { sessionIndexKey } from '../context.js'
import { hintOf } from '../id-token-hint.js'
import { withUserInfo } from '../person.js'
import { connectOrNothing } from '../provider.js'
import { personOfEarlier, personOfLater, sessionEndOf, untrustedFactorsIn } from '../session-claims.js'
import { isUnexpired, type KeptTokens, parseTokens, renewedBefore, serializeTokens } from '../tokens.js'
import { verifiedLoginOf } from '../verified-login.js'
import { askProvider } from './begin.js'
import { type CheckOutcome, type CheckTransaction, type SilentCheckContext, tellOutcome } from './context.js'
import { decideCheck } from './decision.js'
import { type Finding, readFinding } from './finding.js'

/** A check that has come back for the session that it is about. */
interface ConcludedCheck {
  readonly exchange: Exchange
  readonly transaction: CheckTransaction & { readonly since: number }
  readonly session: ProtocolSession
  /** The tokens of the session. */
  readonly kept: KeptTokens
  readonly finding: Finding
}

/** Takes the answer to a check. */
export async function concludeCheck(
  context: SilentCheckContext,
  exchange: Exchange,
  parameters: URLSearchParams,
): Promise<Reply> {
  const { host, transactions } = context
  const found = transactions.find(exchange, stateOf(parameters), host.options.clock())
  if (found === undefined) return answerUnknown(context, exchange)
  return whileStored(
    host.report,
    () => takeAnswer(context, exchange, parameters),
    () => tellOutcome(context, exchange, found.content, 'back-off'),
  )
}

async function takeAnswer(
  context: SilentCheckContext,
  exchange: Exchange,
  parameters: URLSearchParams,
): Promise<Reply> {
  const { host, provider, transactions } = context
  const taken = await transactions.take(exchange, stateOf(parameters), host.options.clock())
  if (taken === undefined) return answerUnknown(context, exchange)
  const transaction = { ...taken.content, since: taken.since }
  const connection = await connectOrNothing(provider)
  if (connection === undefined) return tellOutcome(context, exchange, transaction, 'back-off')
  const finding = await readFinding(context, parameters, transaction, connection)
  // Looked at after all waiting: what has ended meanwhile stays so.
  const session = await host.sessions.current(exchange)
  const kept = parseTokens(session?.tokens)
  const isSame = session !== undefined && publicIdOf(session.record.generation) === transaction.session
  if (!isSame || kept === undefined) return tellOutcome(context, exchange, transaction, 'no-session')
  return carryOut(context, { exchange, transaction, session, kept, finding })
}

/**
 * An answer without its transaction cookie. Firefox keeps `SameSite=Lax` cookies from a frame that other sites have
 * redirected: our page goes to the same address once more, as one of our own. What is missing then as well is asked
 * for at top level.
 */
function answerUnknown(context: SilentCheckContext, exchange: Exchange): Reply {
  const { host } = context
  if (!isFramed(exchange)) return host.unknownStatePage(exchange)
  const isOurs = exchange.header('sec-fetch-site') === 'same-origin'
  if (isOurs) return tellOutcome(context, exchange, { place: 'frame', returnTo: '/' }, 'confirm-at-top')
  return renderScriptedPage({ title: host.options.application.id, script: onceMoreScript, values: {} })
}

/** Does what the answer means for the session, and tells it. */
async function carryOut(context: SilentCheckContext, check: ConcludedCheck): Promise<Reply> {
  const { exchange, transaction, session, kept, finding } = check
  const { place, withHint, isHintRefused, returnTo } = transaction
  const { host, options } = context
  const tell = (outcome: CheckOutcome, sessionState?: string): Reply =>
    tellOutcome(context, exchange, transaction, outcome, sessionState)
  const { issuer, subject } = session
  const step = decideCheck(finding.answer, { place, withHint, isHintRefused, current: { issuer, subject } })
  switch (step) {
    case 'renew': {
      const outcome = await renew(context, check)
      if (outcome === 'renewed') return tell('renew', finding.sessionState)
      return tell(outcome === 'busy' ? 'back-off' : 'no-session')
    }
    case 'ask-without-hint': {
      const soon = host.options.clock() + options.clockSkewSeconds * 1000
      const hint = await hintOf(kept.idToken, options)
      const isHintRefused = hint !== undefined && isUnexpired(hint, soon)
      const again = { place, returnTo, withHint: false, isHintRefused }
      return askProvider(context, exchange, { session, tokens: kept }, again)
    }
    case 'identity-changed':
      await changeIdentity(context, check)
      return tell(step)
    case 'identity-ended':
      await host.sessions.end(session, step)
      return tell(step)
    case 'stop': {
      const { answer } = finding
      const message = `a silent check was answered: ${answer.kind === 'error' ? answer.error : answer.kind}`
      host.report({ type: 'warning', code: 'oidc-silent-check', message })
      return tell(step)
    }
    default:
      return tell(step)
  }
}

/** Takes up what a check of the same person brought; the session itself stays as it is. */
function renew(
  { host, options, tellUntrusted }: SilentCheckContext,
  { session, kept, finding }: ConcludedCheck,
): Promise<'renewed' | 'busy' | 'gone'> {
  const { tokens: found, claims } = finding
  // The person has signed in at the provider anew: from now on it names the session otherwise.
  const sid = found?.claims.sid
  const isOther = sid !== undefined && sid !== kept.sessionId
  const tokens = renewedTokens(kept, finding)
  // An answer that comes late may say what is no longer so, as a refresh would not be believed either.
  const isEarlier = claims !== undefined && claims.iat < session.claims.iat
  const endsAt = claims === undefined || isEarlier ? undefined : sessionEndOf(claims)
  if (claims !== undefined) tellUntrusted(untrustedFactorsIn(claims, options))
  return host.sessions.renew(session, {
    ...personIn(finding, session, options),
    ...(isOther ? { sessionValue: sid, indexKeys: [sessionIndexKey(session.issuer, sid)] } : {}),
    tokens: serializeTokens(tokens),
    tokensIssuedAt: tokens.accessIssuedAt,
    tokensExpireAt: tokens.refreshToken === undefined ? 0 : renewedBefore(tokens, endsAt),
    endsAt,
  })
}

/** What an answer says of the person. */
function personIn(
  { claims }: Finding,
  { claims: known, record }: ProtocolSession,
  options: SilentCheckContext['options'],
): Partial<PersonStatement> {
  if (claims === undefined) return {}
  return claims.iat < known.iat
    ? personOfEarlier({ claims: known, level: record.level }, claims, options)
    : personOfLater(known, claims, options)
}

/** The tokens to keep from now on: those of the check, unless they would leave the session without a refresh token. */
function renewedTokens(kept: KeptTokens, finding: Finding): KeptTokens {
  const { tokens: found } = finding
  const sessionId = found?.claims.sid ?? kept.sessionId
  const sessionState = finding.sessionState ?? kept.sessionState
  const isWhole =
    found !== undefined && (found.tokens.refreshToken !== undefined || kept.refreshToken === undefined)
  return {
    ...(isWhole ? found.tokens : kept),
    // What a refreshed ID token is compared with belongs to the refresh token, and stays with it.
    idToken: found?.tokens.idToken ?? finding.idToken ?? kept.idToken,
    ...(sessionState === undefined ? {} : { sessionState }),
    ...(sessionId === undefined ? {} : { sessionId }),
  }
}

async function changeIdentity(context: SilentCheckContext, check: ConcludedCheck): Promise<void> {
  const { exchange, transaction, session, finding } = check
  const { sessions, report, options } = context.host
  if (finding.answer.kind === 'identity') {
    const person = personOf(finding.answer.issuer, finding.answer.subject)
    report({ type: 'session.identity-changed', person, previousPerson: session.address.person })
  }
  await sessions.end(session, 'identity-changed')
  // At top level the new person is here already; from a frame the page goes to the login, which needs no button.
  const isFollowed = context.options.sessionManagement.followIdentity
  if (!isFollowed || transaction.place !== 'top' || finding.tokens === undefined) return
  const person = await withUserInfo(context, await context.provider.connect(), finding.tokens)
  if (person === undefined) return
  const { since } = transaction
  const login = { since, askedAt: since, now: options.clock(), mayResume: false, reauthenticate: false }
  await sessions.start(exchange, verifiedLoginOf(context, person, login))
}
