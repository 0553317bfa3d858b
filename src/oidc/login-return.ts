/** @module `callback`: a login comes back from the provider with a code, and begins a session. */
import type { Citizen } from '../citizen.js'
import type { RefusedCredential } from '../events.js'
import type { Exchange, Reply } from '../exchange.js'
import { queryOf } from '../login/login-request.js'
import { sendFormAgain } from '../pages/send-form-again.js'
import { mustAskAnew } from '../protocols/login-method.js'
import type { ProtocolEndpoint } from '../protocols/protocol.js'
import { anonymous, unavailable } from '../sessions/create-citizen.js'
import { type Difference, noDifference } from '../tokens/rejection.js'
import { maximumAnswerLength, readAuthorizationAnswer, stateOf } from './authorization-answer.js'
import type { AuthorizationTransaction } from './context.js'
import { type OidcLoginContext, startLogin } from './login.js'
import { notStronger } from './pages.js'
import { withUserInfo } from './person.js'
import { type Connection, connectOrNothing } from './provider.js'
import { routeOf } from './routes.js'
import { type GoodTokens, isPassing, redeemCode } from './token-answer.js'
import { verifiedLoginOf } from './verified-login.js'

/** Errors by which the provider says that it cannot answer now. Source: RFC 6749, section 4.1.2.1. */
const passing: ReadonlySet<string> = new Set(['server_error', 'temporarily_unavailable'])
/** Field by which our own page says that it has sent an answer on to us. */
const bounced = 'citizen_bounced'

/** A login that has come back, as it was remembered. */
type ReturnedLogin = AuthorizationTransaction & { readonly since: number }

/** What an answer came to. `isUnproven`: it says no time of the new authentication that it was asked for. */
interface LoginResult {
  readonly citizen: Citizen
  readonly isUnproven: boolean
}

/** An answer that brings nobody in, as an event and a page say it. */
interface RefusedAnswer {
  readonly problem: string
  readonly citizen: Citizen
  readonly credential?: RefusedCredential | undefined
  readonly difference?: Difference | undefined
}

/** Makes the endpoint. */
export function createCallback(context: OidcLoginContext): ProtocolEndpoint {
  return {
    GET: (exchange) => concludeLogin(context, exchange, queryOf(exchange)),
    POST: (exchange) => takeForm(context, exchange),
  }
}

/** From another site it brings no cookie of ours: then it goes round once. */
async function takeForm(context: OidcLoginContext, exchange: Exchange): Promise<Reply> {
  const { host, options, transactions } = context
  const form = await exchange.form(maximumAnswerLength)
  const isKnown = transactions.find(exchange, stateOf(form), host.options.clock()) !== undefined
  if (isKnown || form.has(bounced)) return concludeLogin(context, exchange, form)
  const path = `${host.options.routes.path}/${routeOf(options.name, 'callback')}`
  return sendFormAgain(host.pages, exchange, { path, fields: form, mark: bounced })
}

async function concludeLogin(
  context: OidcLoginContext,
  exchange: Exchange,
  parameters: URLSearchParams,
): Promise<Reply> {
  const { host, provider, transactions } = context
  const { clock, routes } = host.options
  const state = stateOf(parameters)
  const transaction = await transactions.take(exchange, state, clock())
  if (transaction === undefined) {
    const taken = transactions.find(exchange, state, clock())?.content
    return host.unknownLoginReply(exchange, state, taken)
  }
  const login = { ...transaction.content, since: transaction.since }
  const connection = await connectOrNothing(provider)
  const { citizen, isUnproven } =
    connection === undefined
      ? { citizen: unavailable('keys'), isUnproven: false }
      : await takeAnswer(context, exchange, parameters, login, connection)
  const isTurnedDown = citizen.state === 'anonymous' && citizen.reason === 'not-signed-in'
  if (isTurnedDown && (await host.sessions.current(exchange)) !== undefined)
    return host.pages.showPage(exchange, notStronger(routes.path, login))
  if (mustAskAnew(citizen, login)) {
    const anew = { request: login, mayResume: true, reauthenticate: true, strengthen: false }
    return startLogin(context, exchange, anew)
  }
  return host.finishLogin(exchange, citizen, { ...login, isUnproven })
}

/** Who the answer brings; nobody with the reason otherwise. */
async function takeAnswer(
  context: OidcLoginContext,
  exchange: Exchange,
  parameters: URLSearchParams,
  login: ReturnedLogin,
  connection: Connection,
): Promise<LoginResult> {
  const { host } = context
  const now = host.options.clock()
  const result = await readTokens(context, parameters, login, { connection, now })
  if ('problem' in result) {
    const { problem, citizen, credential = 'sign-in', difference = noDifference } = result
    host.report({ type: 'token.rejected', problem, credential, ...difference })
    return { citizen, isUnproven: false }
  }
  const person = await withUserInfo(context, connection, result)
  if (person === undefined) return { citizen: unavailable('keys'), isUnproven: false }
  const saysTime = result.claims.auth_time !== undefined
  context.saysTimes ||= saysTime
  const acceptsAsked = login.acceptsAsked === true && !context.saysTimes
  const circumstances = { ...login, acceptsAsked, askedAt: now, now: host.options.clock() }
  const citizen = await host.sessions.start(exchange, verifiedLoginOf(context, person, circumstances))
  const isUnproven = citizen.state === 'anonymous' && login.reauthenticate && !saysTime
  if (isUnproven) {
    const message =
      'the provider says no auth_time where a new authentication was asked for: have it send the claim, or see the option reauthenticate.proof'
    host.report({ type: 'warning', code: 'oidc-no-auth-time', message })
  }
  return { citizen, isUnproven }
}

/** The tokens that the answer's code stands for. */
async function readTokens(
  { options, redirectUri }: OidcLoginContext,
  parameters: URLSearchParams,
  { nonce, verifier, sentMaxAge, isHybrid = false }: ReturnedLogin,
  { connection, now }: { readonly connection: Connection; readonly now: number },
): Promise<GoodTokens | RefusedAnswer> {
  const expected = { ...connection.metadata, hasIdToken: isHybrid }
  const answer = readAuthorizationAnswer(parameters, expected)
  const invalid = anonymous('invalid-token')
  switch (answer.kind) {
    case 'malformed':
      return { problem: `answer-${answer.problem}`, citizen: invalid }
    case 'error': {
      const citizen = passing.has(answer.error) ? unavailable('keys') : anonymous('not-signed-in')
      return { problem: `answer-${answer.error}`, citizen }
    }
    case 'id-token':
      return { problem: 'answer-response-type', citizen: invalid }
    default: {
      const codeExchange = {
        ...answer,
        isHybrid,
        redirectUri,
        nonce,
        verifier,
        maxAgeSeconds: sentMaxAge,
      }
      const result = await redeemCode(connection, options, codeExchange, now)
      if (!('problem' in result)) return result
      return {
        problem: result.problem,
        citizen: isPassing(result) ? unavailable('keys') : invalid,
        credential: result.call === undefined ? 'sign-in' : 'token-endpoint',
        difference: result.difference,
      }
    }
  }
}
