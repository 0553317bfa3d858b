/** @module The way in by SAML: the browser leaves for the provider with an AuthnRequest. */
import type { TransactionCookies } from '../cookies/transaction.js'
import type { Exchange, Reply } from '../exchange.js'
import type { LoginRequest, LoginStart } from '../protocols/login-method.js'
import { writeAuthnRequest } from './authn-request.js'
import { chooseEndpoint } from './choose-endpoint.js'
import { SamlMetadataError } from './saml-error.js'
import { replyWith } from './send-message.js'
import { requestIdOf, type ServiceProvider } from './service-provider.js'
import { whileKnown } from './unanswerable.js'
import { secondFactorLevel } from './verified-login.js'
import type { AnswerContext } from './verify-answer.js'

/** What a browser remembers of a login while it is away. */
export interface LoginTransaction {
  readonly loginRequest: LoginRequest
  readonly reauthenticate: boolean
  readonly mayResume: boolean
}

/** What the steps of a login stand on. */
export interface SamlLoginContext extends AnswerContext {
  readonly transactions: TransactionCookies<LoginTransaction>
}

/** Makes what the steps of a login stand on, once for each suite. */
export function createLoginContext(provider: ServiceProvider): SamlLoginContext {
  return {
    ...provider,
    transactions: provider.host.transactions<LoginTransaction>('saml'),
    renewedFor: new Set(),
  }
}

/** Sends the browser to the provider, and remembers the login; a page, while the provider is not known. */
export function startLogin(context: SamlLoginContext, exchange: Exchange, start: LoginStart): Promise<Reply> {
  return whileKnown(context, exchange, () => sendRequest(context, exchange, start))
}

async function sendRequest(context: SamlLoginContext, exchange: Exchange, start: LoginStart): Promise<Reply> {
  const { options, addresses, transactions } = context
  const { signOn } = await context.source.current()
  const endpoint = chooseEndpoint(signOn, options.signInBinding, ['redirect', 'post'])
  if (endpoint === undefined) throw new SamlMetadataError('endpoint')
  const { request: loginRequest, reauthenticate, mayResume } = start
  const now = context.now()
  const state = transactions.set(exchange, { loginRequest, reauthenticate, mayResume }, now)
  const xml = writeAuthnRequest({
    id: requestIdOf('sign-in', state),
    issuer: context.entityId,
    destination: endpoint.location,
    assertionConsumer: addresses.assertionConsumer,
    now,
    forceAuthn: reauthenticate || loginRequest.maxAgeSeconds > 0,
    isPassive: false,
    nameIdFormat: options.nameIdFormat,
    contextClasses: requestedContexts(context, start),
    comparison: options.contextComparison,
  })
  const { binding, location: destination } = endpoint
  return replyWith(context, exchange, { kind: 'SAMLRequest', xml, binding, destination, relayState: state })
}

/** The classes to ask for: where a second factor or a level is missing, those that stand for it. */
function requestedContexts(
  { options }: SamlLoginContext,
  { request, strengthen }: LoginStart,
): readonly string[] {
  const { contextLevels, requestedContexts: usual } = options
  const isStronger = strengthen || request.secondFactor
  if (request.level === 0 && !isStronger) return usual
  const least = Math.max(request.level, isStronger ? secondFactorLevel : 0)
  const strong = Object.entries(contextLevels).flatMap(([name, level]) => (level >= least ? [name] : []))
  return strong.length === 0 ? usual : strong
}
