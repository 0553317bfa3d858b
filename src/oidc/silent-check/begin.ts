/** @module A silent check begins: the browser goes to the provider with `prompt=none`. */
import type { Exchange, Reply } from '../../exchange.js'
import { refuseForeign } from '../../login/refuse-foreign.js'
import { whileStored } from '../../pages/while-stored.js'
import type { ProtocolSession } from '../../protocols/sessions.js'
import { publicIdOf } from '../../sessions/record.js'
import { authorizationParameters, createSecrets, prepareRedirect } from '../authorization.js'
import { hintOf } from '../id-token-hint.js'
import { sendToProvider } from '../send-to-provider.js'
import { isGivenBy, type KeptTokens, parseTokens } from '../tokens.js'
import { type CheckTransaction, type SilentCheckContext, tellOutcome } from './context.js'
import type { CheckPlace } from './decision.js'

/** Begins a check of the request's session, for a page of ours alone. */
export async function beginCheck(
  context: SilentCheckContext,
  exchange: Exchange,
  query: URLSearchParams,
): Promise<Reply> {
  const { host } = context
  const place: CheckPlace = query.get('begin') === 'top' ? 'top' : 'frame'
  const returnTo = host.checkReturnTarget(query.get('returnTo')) ?? host.options.application.startPage
  const site = exchange.header('sec-fetch-site')
  if (site !== undefined && site !== 'same-origin') {
    const detail = 'a silent check begins with a page of ours'
    return refuseForeign(host.pages, exchange, { reason: 'origin', detail })
  }
  return whileStored(
    host.report,
    () => beginFor(context, exchange, { place, returnTo }),
    () => tellOutcome(context, exchange, { place, returnTo }, 'back-off'),
  )
}

async function beginFor(
  context: SilentCheckContext,
  exchange: Exchange,
  { place, returnTo }: Pick<CheckTransaction, 'place' | 'returnTo'>,
): Promise<Reply> {
  const { host } = context
  const session = await host.sessions.current(exchange)
  const tokens = parseTokens(session?.tokens)
  if (session === undefined || tokens === undefined) {
    return tellOutcome(context, exchange, { place, returnTo }, 'no-session')
  }
  if (!isGivenBy(tokens, context.options.issuer)) {
    return tellOutcome(context, exchange, { place, returnTo }, 'back-off')
  }
  try {
    return await askProvider(context, exchange, { session, tokens }, { place, withHint: true, returnTo })
  } catch {
    host.report({ type: 'warning', code: 'oidc-silent-check', message: 'a silent check could not be begun' })
    return tellOutcome(context, exchange, { place, returnTo }, 'back-off')
  }
}

/**
 * Sends the browser to the provider, and remembers the check.
 * @throws CitizenSessionError `identity-unavailable`, or an error of `openid-client`
 */
export async function askProvider(
  { options, host, provider, transactions, redirectUri }: SilentCheckContext,
  exchange: Exchange,
  { session, tokens }: { readonly session: ProtocolSession; readonly tokens: KeptTokens },
  check: Pick<CheckTransaction, 'place' | 'withHint' | 'isHintRefused' | 'returnTo'>,
): Promise<Reply> {
  const { clock, random } = host.options
  const { responseType } = options.sessionManagement
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
      idTokenHint: check.withHint ? await hintOf(tokens.idToken, options) : undefined,
    },
    secrets,
    state,
  )
  const redirect = await prepareRedirect(connection, options, parameters, clock())
  const transaction = { ...check, ...secrets, session: publicIdOf(session.record.generation) }
  transactions.set(exchange, transaction, clock(), state)
  return sendToProvider(host.pages, exchange, redirect, check.place === 'frame' ? 'self' : undefined)
}
