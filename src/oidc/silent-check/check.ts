/** @module `GET reauthenticate`: the silent check (`prompt=none`), in our frame and at top level, and its own answer. */
import type { Exchange, Reply } from '../../exchange.js'
import { queryOf } from '../../login/login-request.js'
import { refuseForeign } from '../../login/refuse-foreign.js'
import { redirect, redirectStatus } from '../../pages/redirect.js'
import type { ProtocolEndpoint } from '../../protocols/protocol.js'
import type { ProtocolSession } from '../../protocols/sessions.js'
import { isSameOriginPost } from '../../sessions/activity.js'
import { personOf, publicIdOf } from '../../sessions/record.js'
import { authorizationParameters, createSecrets, departFor } from '../authorization.js'
import { maximumAnswerLength, readAuthorizationAnswer, stateOf } from '../authorization-answer.js'
import { checkResultScript, fragmentScript, onceMoreScript } from '../check-session-script.js'
import { type OidcContext, sessionPointer } from '../context.js'
import { verifyIdToken } from '../id-token.js'
import { beginningOf, sendOff } from '../login.js'
import { type Connection, connectOrNothing } from '../provider.js'
import { renderScriptedPage } from '../scripted-page.js'
import { exchangeCode, type GoodTokens, idTokenRules, isPassing } from '../token-answer.js'
import { isUnexpired, type KeptTokens, parseTokens, serializeTokens } from '../tokens.js'
import { type CheckAnswer, type CheckPlace, type CheckStep, decideCheck } from './decision.js'

/** A silent check in flight, as it is remembered in the browser. */
interface CheckFlight {
  readonly place: CheckPlace
  readonly withHint: boolean
  /** Whether a hint that had not expired was answered `login_required`. */
  readonly isHintRefused?: boolean | undefined
  readonly nonce: string
  readonly verifier: string
  readonly returnTo: string
  /** The session that is checked: an answer about another one does nothing. */
  readonly session: string
}

/** What an answer says, and the tokens that it brought. */
interface Finding {
  readonly answer: CheckAnswer
  readonly tokens?: GoodTokens | undefined
  /** An ID token alone, where no code was asked for. */
  readonly idToken?: string | undefined
  readonly sessionState: string | undefined
}

type Outcome = CheckStep | 'no-session'

/** Makes the endpoint. */
export function createReauthenticate(context: OidcContext): ProtocolEndpoint {
  const { options, host, provider } = context
  const { sessions, report } = host
  const { application, clock, random, routes } = host.options
  const { followIdentity, responseType } = options.sessionManagement
  const transactions = host.transactions<CheckFlight>('check')
  const redirectUri = host.address('reauthenticate')

  const answerWith = (
    exchange: Exchange,
    { place, returnTo }: Pick<CheckFlight, 'place' | 'returnTo'>,
    step: Outcome,
    sessionState?: string,
  ): Reply => {
    if (place === 'top') {
      return redirect(host.checkReturnTarget(returnTo) ?? application.startPage, redirectStatus(exchange))
    }
    return renderScriptedPage({
      title: step,
      script: checkResultScript,
      values: { type: 'citizen-session:check', step, sessionState },
    })
  }

  const depart = async (
    exchange: Exchange,
    session: ProtocolSession,
    tokens: KeptTokens,
    loginRequest: Pick<CheckFlight, 'place' | 'withHint' | 'isHintRefused' | 'returnTo'>,
  ): Promise<Reply> => {
    const connection = await provider.connect()
    const secrets = createSecrets(random)
    const state = transactions.createState()
    const parameters = await authorizationParameters(
      options,
      {
        redirectUri,
        responseType,
        responseMode: responseType === 'code' ? 'query' : 'fragment',
        prompt: 'none',
        idTokenHint: loginRequest.withHint ? tokens.idToken : undefined,
      },
      secrets,
      state,
    )
    const departure = await departFor(connection, options, parameters, clock())
    const flight = { ...loginRequest, ...secrets, session: publicIdOf(session.record.generation) }
    transactions.set(exchange, flight, clock(), state)
    return sendOff(host.pages, exchange, departure, loginRequest.place === 'frame' ? 'self' : undefined)
  }

  const begin = async (exchange: Exchange, query: URLSearchParams): Promise<Reply> => {
    const place: CheckPlace = query.get('begin') === 'top' ? 'top' : 'frame'
    const returnTo = host.checkReturnTarget(query.get('returnTo')) ?? application.startPage
    const site = exchange.header('sec-fetch-site')
    if (site !== undefined && site !== 'same-origin') {
      const detail = 'a silent check begins with a page of ours'
      return refuseForeign(host.pages, exchange, { reason: 'origin', detail })
    }
    const session = await sessions.current(exchange)
    const tokens = parseTokens(session?.tokens)
    if (session === undefined || tokens === undefined) {
      return answerWith(exchange, { place, returnTo }, 'no-session')
    }
    try {
      return await depart(exchange, session, tokens, { place, withHint: true, returnTo })
    } catch {
      report({ type: 'warning', code: 'oidc-silent-check', message: 'a silent check could not be begun' })
      return answerWith(exchange, { place, returnTo }, 'back-off')
    }
  }

  const find = async (
    parameters: URLSearchParams,
    flight: CheckFlight,
    connection: Connection,
  ): Promise<Finding> => {
    const answer = readAuthorizationAnswer(parameters, connection.metadata)
    const invalid: Finding = { answer: { kind: 'invalid' }, sessionState: undefined }
    if (answer.kind === 'malformed') return invalid
    const { sessionState } = answer
    if (answer.kind === 'error') return { answer, sessionState }
    const { nonce, verifier } = flight
    if (answer.kind === 'id-token') {
      if (responseType !== 'id_token') return invalid
      // It came by the browser: anybody could have sent it.
      const rules = { ...idTokenRules(options, connection), bearer: 'anybody' } as const
      const verified = await verifyIdToken(answer.idToken, rules, { nonce }, clock())
      if ('problem' in verified) return invalid
      const { iss, sub } = verified.claims
      return {
        answer: { kind: 'identity', issuer: iss, subject: sub },
        idToken: answer.idToken,
        sessionState,
      }
    }
    const exchangeOf = { ...answer, redirectUri, nonce, verifier, maxAgeSeconds: undefined }
    const result = await exchangeCode(connection, options, exchangeOf, clock())
    if ('problem' in result) {
      return isPassing(result) ? { answer: { kind: 'timeout' }, sessionState: undefined } : invalid
    }
    const { iss, sub } = result.claims
    return {
      answer: { kind: 'identity', issuer: iss, subject: sub },
      tokens: result,
      sessionState: result.tokens.sessionState,
    }
  }

  /** Takes up what a check of the same person brought; the session itself stays as it is. */
  const renew = async (session: ProtocolSession, before: KeptTokens, finding: Finding) => {
    const { tokens: found } = finding
    // The person has signed in at the provider anew: from now on it names the session otherwise.
    const sid = found?.claims.sid
    const isOther = sid !== undefined && sid !== before.sessionId
    const sessionId = sid ?? before.sessionId
    const sessionState = finding.sessionState ?? before.sessionState
    const isWhole =
      found !== undefined && (found.tokens.refreshToken !== undefined || before.refreshToken === undefined)
    const base = isWhole ? found.tokens : before
    const kept: KeptTokens = {
      ...base,
      // What a refreshed ID token is compared with belongs to the refresh token, and stays with it.
      idToken: found?.tokens.idToken ?? finding.idToken ?? before.idToken,
      ...(sessionState === undefined ? {} : { sessionState }),
      ...(sessionId === undefined ? {} : { sessionId }),
    }
    return sessions.renew(session, {
      ...(isOther ? { sessionValue: sid, pointers: [sessionPointer(session.issuer, sid)] } : {}),
      tokens: serializeTokens(kept),
      tokensIssuedAt: kept.accessIssuedAt,
      tokensExpireAt: kept.refreshToken === undefined ? 0 : kept.accessExpiresAt,
    })
  }

  const changeIdentity = async (
    exchange: Exchange,
    session: ProtocolSession,
    finding: Finding,
    flight: CheckFlight & { readonly since: number },
  ): Promise<void> => {
    if (finding.answer.kind === 'identity') {
      const person = personOf(finding.answer.issuer, finding.answer.subject)
      report({ type: 'session.identity-changed', person, previousPerson: session.address.person })
    }
    await sessions.end(session, 'identity-changed')
    if (!followIdentity) return
    // At top level the new person is here already; from a frame the next login is a navigation of its own, which
    // needs no button once no cookie tells of the session that has ended.
    if (flight.place === 'top' && finding.tokens !== undefined) {
      const { since } = flight
      const loginRequest = { since, askedAt: since, now: clock(), mayResume: false, reauthenticate: false }
      await sessions.start(exchange, beginningOf(context, finding.tokens, loginRequest))
    } else {
      sessions.dropCookie(exchange)
    }
  }

  /**
   * An answer without its transaction cookie. Firefox keeps `SameSite=Lax` cookies from a frame that other sites have
   * redirected: our page goes to the same address once more, as one of our own. What is missing then as well is asked
   * for at top level.
   */
  const withoutFlight = (exchange: Exchange): Reply => {
    const isFramed = /^i?frame$/.test(exchange.header('sec-fetch-dest') ?? '')
    if (!isFramed) return host.unknownStatePage(exchange)
    const isOurs = exchange.header('sec-fetch-site') === 'same-origin'
    if (isOurs) return answerWith(exchange, { place: 'frame', returnTo: '/' }, 'confirm-at-top')
    return renderScriptedPage({ title: application.id, script: onceMoreScript, values: {} })
  }

  const conclude = async (exchange: Exchange, parameters: URLSearchParams): Promise<Reply> => {
    const transaction = await transactions.take(exchange, stateOf(parameters), clock())
    if (transaction === undefined) return withoutFlight(exchange)
    const flight = { ...transaction.content, since: transaction.since }
    const connection = await connectOrNothing(provider)
    if (connection === undefined) return answerWith(exchange, flight, 'back-off')
    const finding = await find(parameters, flight, connection)
    // Looked at after all waiting: what has ended meanwhile stays so.
    const session = await sessions.current(exchange)
    const before = parseTokens(session?.tokens)
    const isSame = session !== undefined && publicIdOf(session.record.generation) === flight.session
    if (!isSame || before === undefined) return answerWith(exchange, flight, 'no-session')
    const { issuer, subject } = session
    const { place, withHint, isHintRefused } = flight
    const step = decideCheck(finding.answer, { place, withHint, isHintRefused, current: { issuer, subject } })
    switch (step) {
      case 'renew': {
        const outcome = await renew(session, before, finding)
        const told = { renewed: 'renew', busy: 'back-off', gone: 'no-session' } as const
        return answerWith(
          exchange,
          flight,
          told[outcome],
          outcome === 'renewed' ? finding.sessionState : undefined,
        )
      }
      case 'ask-without-hint':
        return depart(exchange, session, before, {
          ...flight,
          withHint: false,
          isHintRefused: isUnexpired(before.idToken, clock() + options.clockSkewSeconds * 1000),
        })
      case 'identity-changed':
        await changeIdentity(exchange, session, finding, flight)
        return answerWith(exchange, flight, step)
      case 'identity-ended':
        await sessions.end(session, step)
        return answerWith(exchange, flight, step)
      default:
        if (step === 'stop') {
          const detail = finding.answer.kind === 'error' ? finding.answer.error : finding.answer.kind
          report({
            type: 'warning',
            code: 'oidc-silent-check',
            message: `a silent check was answered: ${detail}`,
          })
        }
        return answerWith(exchange, flight, step)
    }
  }

  return {
    GET(exchange) {
      const query = queryOf(exchange)
      if (query.has('begin')) return begin(exchange, query)
      if (query.has('state') || query.has('error')) return conclude(exchange, query)
      return renderScriptedPage({
        title: application.name,
        script: fragmentScript,
        values: { action: `${routes.path}/reauthenticate` },
      })
    },

    async POST(exchange) {
      if (!isSameOriginPost(exchange, application.url)) {
        const detail = 'only our own page hands on an answer'
        return refuseForeign(host.pages, exchange, { reason: 'origin', detail })
      }
      return conclude(exchange, await exchange.form(maximumAnswerLength))
    },
  }
}
