/** @module The way in by OpenID Connect: the visit to the provider, and the callback. */
import type { Citizen } from '../citizen.js'
import type { RefusedCredential } from '../events.js'
import type { Exchange, Reply } from '../exchange.js'
import { leadOn } from '../login/lead-on.js'
import { queryOf } from '../login/login-request.js'
import type { Pages } from '../pages/pages.js'
import { type LoginMethod, type LoginStart, mustAskAnew } from '../protocols/login-method.js'
import type { ProtocolEndpoint } from '../protocols/protocol.js'
import type { VerifiedLogin } from '../protocols/sessions.js'
import { anonymous, unavailable } from '../sessions/create-citizen.js'
import { type Difference, noDifference } from '../tokens/rejection.js'
import { authorizationParameters, createSecrets, type Departure, departFor } from './authorization.js'
import { maximumAnswerLength, readAuthorizationAnswer, stateOf } from './authorization-answer.js'
import { type AuthorizationTransaction, type OidcContext, sessionPointer } from './context.js'
import { notStronger } from './pages.js'
import { type Connection, connectOrNothing } from './provider.js'
import { authenticatedAfterOf, authenticatedAtOf, methodOf, sessionClaimsOf } from './session-claims.js'
import { exchangeCode, type GoodTokens, isPassing } from './token-answer.js'
import { serializeTokens } from './tokens.js'

/** Errors by which the provider says that it cannot answer now. Source: RFC 6749, section 4.1.2.1. */
const passing: ReadonlySet<string> = new Set(['server_error', 'temporarily_unavailable'])
/** Field by which our own page says that it has sent an answer on to us. */
const bounced = 'citizen_bounced'

/** What an answer came to. `isUnproven`: it says no time of the new authentication that it was asked for. */
interface Arrived {
  readonly citizen: Citizen
  readonly isUnproven: boolean
}

/** A session as these tokens begin it. `since`: when the login began. */
export function beginningOf(
  { options }: Pick<OidcContext, 'options'>,
  { tokens, claims }: GoodTokens,
  flight: {
    readonly since: number
    /** When the tokens were asked for: they were issued after that. */
    readonly askedAt: number
    readonly now: number
    readonly mayResume: boolean
    readonly reauthenticate: boolean
    readonly acceptsAsked?: boolean | undefined
  },
): VerifiedLogin {
  const sessionClaims = sessionClaimsOf(claims)
  const { sid } = claims
  return {
    issuer: claims.iss,
    subject: claims.sub,
    sessionValue: sid,
    indexKeys: sid === undefined ? [] : [sessionPointer(claims.iss, sid)],
    claims: sessionClaims,
    level: options.assuranceLevel(sessionClaims),
    method: methodOf(claims, options.stepUpAcrValues),
    authenticatedAt: authenticatedAtOf(claims),
    authenticatedAfter: authenticatedAfterOf(claims, {
      askedAt: flight.askedAt,
      skewSeconds: options.clockSkewSeconds,
    }),
    tokens: serializeTokens(tokens),
    tokensIssuedAt: flight.now,
    // Without a refresh token nothing can be renewed: then only our own timers end the session.
    tokensExpireAt: tokens.refreshToken === undefined ? 0 : tokens.accessExpiresAt,
    since: flight.since,
    mayResume: flight.mayResume,
    askedReauthentication: flight.reauthenticate,
    acceptsAsked: flight.acceptsAsked === true && claims.auth_time === undefined,
  }
}

/** The answer that sends the browser to the provider. */
export function sendOff(
  pages: Pages,
  exchange: Exchange,
  departure: Departure,
  frameAncestors?: 'self',
): Reply {
  if (departure.method === 'post') {
    const fields = Object.entries(departure.fields)
    return pages.showFormPost(exchange, { action: departure.url, fields, frameAncestors })
  }
  return leadOn(pages, exchange, departure.url)
}

/**
 * `prompt` of a login that must be a new one. A configured `consent` stays: without it some providers give no refresh
 * token, and the session that begins would be half of one. Source: OpenID Connect Core 1.0, sections 3.1.2.1 and 11.
 */
function promptAnew(prompt: string | undefined, configured: string | undefined): string | undefined {
  if (prompt === undefined) return configured
  return configured === 'consent' && !prompt.includes(configured) ? `${prompt} ${configured}` : prompt
}

/** Makes the entrance and its callback. */
export function createLogin(context: OidcContext): {
  readonly enter: LoginMethod['startLogin']
  readonly callback: ProtocolEndpoint
} {
  const { options, host, provider } = context
  const { clock, random, routes } = host.options
  const transactions = host.transactions<AuthorizationTransaction>('oidc')
  const redirectUri = host.address('callback')
  /** Whether this provider has ever said when somebody authenticated: then only that proves it. */
  let saysTimes = false

  /** Parameters that a link to our login route may pass on. */
  const passedOn = (exchange: Exchange): Record<string, string> => {
    const query = queryOf(exchange)
    const passed: Record<string, string> = {}
    for (const name of options.passedParameters) {
      const values = query.getAll(name)
      const [value] = values
      if (values.length === 1 && value !== undefined && /^[^\p{Cc}]{1,256}$/u.test(value))
        passed[name] = value
    }
    return passed
  }

  const enter = async (exchange: Exchange, visit: LoginStart): Promise<Reply> => {
    const {
      request: loginRequest,
      reauthenticate,
      mayResume,
      strengthen,
      isAfterAdministrator = false,
    } = visit
    const { parameters: anew, proof } = options.reauthenticate
    const acceptsAsked =
      proof === 'asked' &&
      reauthenticate &&
      mayResume &&
      !isAfterAdministrator &&
      loginRequest.maxAgeSeconds === 0
    const connection = await connectOrNothing(provider)
    const flightWish = {
      ...loginRequest,
      via: loginRequest.via === '' ? 'oidc' : loginRequest.via,
      reauthenticate,
      mayResume,
    }
    if (connection === undefined) return host.finishLogin(exchange, unavailable('keys'), flightWish)
    const sentMaxAge = loginRequest.maxAgeSeconds > 0 ? loginRequest.maxAgeSeconds : options.maxAgeSeconds
    const isStronger = strengthen || loginRequest.secondFactor || loginRequest.level > 1
    const acrValues =
      isStronger && options.stepUpAcrValues.length > 0 ? options.stepUpAcrValues : options.acrValues
    const secrets = createSecrets(random)
    const state = transactions.createState()
    const parameters = await authorizationParameters(
      options,
      {
        redirectUri,
        responseType: 'code',
        responseMode: options.responseMode,
        prompt: reauthenticate ? promptAnew(anew.prompt, options.prompt) : options.prompt,
        // With it the provider must say when it was. Whether that was in the course of this login is judged later: a
        // person may take minutes for it.
        maxAgeSeconds: reauthenticate && anew.max_age !== undefined ? Number(anew.max_age) : sentMaxAge,
        acrValues,
        parameters: { ...passedOn(exchange), ...(reauthenticate ? anew : {}) },
      },
      secrets,
      state,
    )
    let departure: Departure
    try {
      departure = await departFor(connection, options, parameters, clock(), acceptsAsked)
    } catch {
      host.report({
        type: 'warning',
        code: 'oidc-pushed-request',
        message: 'the authorization request was not taken',
      })
      return host.finishLogin(exchange, unavailable('keys'), flightWish)
    }
    transactions.set(exchange, { ...flightWish, ...secrets, sentMaxAge, acceptsAsked }, clock(), state)
    return sendOff(host.pages, exchange, departure)
  }

  /** Who the answer brings; nobody with the reason otherwise. */
  const arrive = async (
    exchange: Exchange,
    parameters: URLSearchParams,
    flight: AuthorizationTransaction & { readonly since: number },
    connection: Connection,
  ): Promise<Arrived> => {
    const answer = readAuthorizationAnswer(parameters, connection.metadata)
    const now = clock()
    const refuse = (
      problem: string,
      citizen: Citizen = anonymous('invalid-token'),
      credential: RefusedCredential = 'sign-in',
      difference: Difference = noDifference,
    ): Arrived => {
      host.report({ type: 'token.rejected', problem, credential, ...difference })
      return { citizen, isUnproven: false }
    }
    if (answer.kind === 'malformed') return refuse(`answer-${answer.problem}`)
    if (answer.kind === 'error') {
      const isPassing = passing.has(answer.error)
      return refuse(`answer-${answer.error}`, isPassing ? unavailable('keys') : anonymous('not-signed-in'))
    }
    if (answer.kind === 'id-token') return refuse('answer-response-type')
    const result = await exchangeCode(
      connection,
      options,
      {
        ...answer,
        redirectUri,
        nonce: flight.nonce,
        verifier: flight.verifier,
        maxAgeSeconds: flight.sentMaxAge,
      },
      now,
    )
    if ('problem' in result) {
      const credential = result.call === undefined ? 'sign-in' : 'token-endpoint'
      const citizen = isPassing(result) ? unavailable('keys') : anonymous('invalid-token')
      return refuse(result.problem, citizen, credential, result.difference)
    }
    saysTimes ||= result.claims.auth_time !== undefined
    const acceptsAsked = flight.acceptsAsked === true && !saysTimes
    const beginning = beginningOf(context, result, { ...flight, acceptsAsked, askedAt: now, now: clock() })
    const citizen = await host.sessions.start(exchange, beginning)
    const isUnproven =
      citizen.state === 'anonymous' && flight.reauthenticate && result.claims.auth_time === undefined
    if (isUnproven) {
      const message =
        'the provider says no auth_time where a new authentication was asked for: have it send the claim, or see the option reauthenticate.proof'
      host.report({ type: 'warning', code: 'oidc-no-auth-time', message })
    }
    return { citizen, isUnproven }
  }

  const conclude = async (exchange: Exchange, parameters: URLSearchParams): Promise<Reply> => {
    const transaction = await transactions.take(exchange, stateOf(parameters), clock())
    if (transaction === undefined) return host.unknownLoginReply(exchange, stateOf(parameters))
    const flight = { ...transaction.content, since: transaction.since }
    const connection = await connectOrNothing(provider)
    const { citizen, isUnproven } =
      connection === undefined
        ? { citizen: unavailable('keys'), isUnproven: false }
        : await arrive(exchange, parameters, flight, connection)
    const isTurnedDown = citizen.state === 'anonymous' && citizen.reason === 'not-signed-in'
    if (isTurnedDown && (await host.sessions.current(exchange)) !== undefined)
      return host.pages.showPage(exchange, notStronger(routes.path, flight))
    if (mustAskAnew(citizen, flight)) {
      return enter(exchange, { request: flight, mayResume: true, reauthenticate: true, strengthen: false })
    }
    return host.finishLogin(exchange, citizen, { ...flight, isUnproven })
  }

  /**
   * A form of another site brings no SameSite=Lax cookie: our own page sends it once more, and then it does. So no
   * cookie of ours needs SameSite=None.
   */
  const takeForm = async (exchange: Exchange): Promise<Reply> => {
    const form = await exchange.form(maximumAnswerLength)
    const isKnown = transactions.find(exchange, stateOf(form), clock()) !== undefined
    if (isKnown || form.has(bounced)) return conclude(exchange, form)
    return host.pages.showFormPost(exchange, {
      action: `${routes.path}/callback`,
      fields: [...form, [bounced, '1']],
    })
  }

  return {
    enter,
    callback: { GET: (exchange) => conclude(exchange, queryOf(exchange)), POST: takeForm },
  }
}
