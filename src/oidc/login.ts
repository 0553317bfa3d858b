/** @module The way in by OpenID Connect: the browser leaves for the provider with an authorization request. */
import type { TransactionCookies } from '../cookies/transaction.js'
import type { Exchange, Reply } from '../exchange.js'
import { queryOf } from '../login/login-request.js'
import type { LoginStart } from '../protocols/login-method.js'
import { unavailable } from '../sessions/create-citizen.js'
import {
  type AuthorizationRedirect,
  type AuthorizationRequest,
  authorizationParameters,
  createSecrets,
  prepareRedirect,
} from './authorization.js'
import type { AuthorizationTransaction, OidcContext } from './context.js'
import { connectOrNothing } from './provider.js'
import { routeOf } from './routes.js'
import { sendToProvider } from './send-to-provider.js'

/** What the steps of a login stand on. */
export interface OidcLoginContext extends OidcContext {
  readonly transactions: TransactionCookies<AuthorizationTransaction>
  readonly redirectUri: string
  /** Whether this provider has ever said when somebody authenticated: then only that proves it. */
  saysTimes: boolean
}

/** Makes what the steps of a login stand on, once for each suite. */
export function createLoginContext(context: OidcContext): OidcLoginContext {
  const { host } = context
  return {
    ...context,
    transactions: host.transactions<AuthorizationTransaction>('oidc'),
    redirectUri: host.address(routeOf(context.options.name, 'callback')),
    saysTimes: false,
  }
}

/** Sends the browser to the provider, and remembers the login; a page, while the provider cannot be had. */
export async function startLogin(
  context: OidcLoginContext,
  exchange: Exchange,
  start: LoginStart,
): Promise<Reply> {
  const { options, host, provider, transactions } = context
  const { clock, random } = host.options
  const { request: loginRequest, reauthenticate, mayResume } = start
  const remembered = {
    ...loginRequest,
    via: loginRequest.via === '' ? (options.name ?? 'oidc') : loginRequest.via,
    reauthenticate,
    mayResume,
  }
  const connection = await connectOrNothing(provider)
  if (connection === undefined) return host.finishLogin(exchange, unavailable('keys'), remembered)
  const acceptsAsked = mayAcceptAsked(context, start)
  const sentMaxAge = loginRequest.maxAgeSeconds > 0 ? loginRequest.maxAgeSeconds : options.maxAgeSeconds
  const secrets = createSecrets(random)
  const state = transactions.createState()
  const request = authorizationRequest(context, exchange, start, sentMaxAge)
  const parameters = await authorizationParameters(options, request, secrets, state)
  let redirect: AuthorizationRedirect
  try {
    redirect = await prepareRedirect(connection, options, parameters, clock(), acceptsAsked)
  } catch {
    host.report({
      type: 'warning',
      code: 'oidc-pushed-request',
      message: 'the authorization request was not taken',
    })
    return host.finishLogin(exchange, unavailable('keys'), remembered)
  }
  const isHybrid = options.responseType === 'code id_token'
  transactions.set(
    exchange,
    { ...remembered, ...secrets, isHybrid, sentMaxAge, acceptsAsked },
    clock(),
    state,
  )
  return sendToProvider(host.pages, exchange, redirect)
}

/** Whether it may count as a new authentication that one was asked for. */
function mayAcceptAsked(
  { options }: OidcLoginContext,
  { request, reauthenticate, mayResume, isAfterAdministrator = false }: LoginStart,
): boolean {
  return (
    options.reauthenticate.proof === 'asked' &&
    reauthenticate &&
    mayResume &&
    !isAfterAdministrator &&
    request.maxAgeSeconds === 0
  )
}

function authorizationRequest(
  context: OidcLoginContext,
  exchange: Exchange,
  { request: loginRequest, reauthenticate, strengthen }: LoginStart,
  maxAgeSeconds: number | undefined,
): AuthorizationRequest {
  const { options, redirectUri } = context
  const { parameters: anew } = options.reauthenticate
  const isStronger = strengthen || loginRequest.secondFactor || loginRequest.level > 1
  const hasStronger = isStronger && options.stepUpAcrValues.length > 0
  return {
    redirectUri,
    responseType: options.responseType,
    responseMode: options.responseMode,
    prompt: reauthenticate ? promptAnew(anew.prompt, options.prompt) : options.prompt,
    // With it the provider must say when it was. Whether that was in the course of this login is judged later: a
    // person may take minutes for it.
    maxAgeSeconds: reauthenticate && anew.max_age !== undefined ? Number(anew.max_age) : maxAgeSeconds,
    acrValues: hasStronger ? options.stepUpAcrValues : options.acrValues,
    parameters: { ...passedParameters(context, exchange), ...(reauthenticate ? anew : {}) },
  }
}

/** Parameters that a link to our login route may pass on. */
function passedParameters({ options }: OidcLoginContext, exchange: Exchange): Record<string, string> {
  const query = queryOf(exchange)
  const passed: Record<string, string> = {}
  for (const name of options.passedParameters) {
    const values = query.getAll(name)
    const [value] = values
    if (values.length === 1 && value !== undefined && /^[^\p{Cc}]{1,256}$/u.test(value)) passed[name] = value
  }
  return passed
}

/**
 * `prompt` of a login that must be a new one. A configured `consent` stays: without it some providers give no refresh
 * token, and the session that begins would be half of one. Source: OpenID Connect Core 1.0, sections 3.1.2.1 and 11.
 */
function promptAnew(prompt: string | undefined, configured: string | undefined): string | undefined {
  if (prompt === undefined) return configured
  return configured === 'consent' && !prompt.includes(configured) ? `${prompt} ${configured}` : prompt
}
