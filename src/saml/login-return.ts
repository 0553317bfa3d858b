/** @module `POST saml/acs`: a login comes back from the provider with a response, and begins a session. */
import type { FoundTransaction } from '../cookies/transaction.js'
import type { Exchange, Reply } from '../exchange.js'
import { mustAskAnew } from '../protocols/login-method.js'
import { isFramed } from '../sessions/activity.js'
import { anonymous } from '../sessions/create-citizen.js'
import { type LoginTransaction, type SamlLoginContext, startLogin } from './login.js'
import { type Received, sendRound } from './receive-message.js'
import type { LoginResponse } from './response.js'
import { refuse } from './saml-error.js'
import type { Status } from './status.js'
import { refuseUnsolicited } from './unanswerable.js'
import { verifiedLoginOf } from './verified-login.js'
import { verifyAnswer } from './verify-answer.js'

/** Takes the provider's response. @throws SamlError, SamlMetadataError, StoreUnavailableError */
export async function consumeResponse(
  context: SamlLoginContext,
  exchange: Exchange,
  received: Received,
): Promise<Reply> {
  const { addresses, transactions } = context
  if (received.kind !== 'SAMLResponse') return refuse('parameters')
  const { relayState: state } = received
  const now = context.now()
  // Nothing is believed or used up before the cookie of the login is there.
  if (state === undefined || transactions.find(exchange, state, now) === undefined) {
    return received.isSecondTime
      ? refuseUnsolicited(context, exchange, state)
      : sendRound(context, exchange, received, {
          address: addresses.assertionConsumer,
          relayState: state ?? '',
          frameAncestors: isFramed(exchange) ? 'self' : undefined,
        })
  }
  const response = await verifyAnswer(context, received, state)
  const transaction = await transactions.take(exchange, state, now)
  if (transaction === undefined) {
    const taken = transactions.find(exchange, state, now)?.content.loginRequest
    return context.host.unknownLoginReply(exchange, state, taken)
  }
  return concludeLogin(context, exchange, { response, transaction, now })
}

/** A login that has come back with a response that is good. */
interface ReturnedLogin {
  readonly response: LoginResponse
  readonly transaction: FoundTransaction<LoginTransaction>
  readonly now: number
}

async function concludeLogin(
  context: SamlLoginContext,
  exchange: Exchange,
  { response, transaction, now }: ReturnedLogin,
): Promise<Reply> {
  const { host, options, takeOnce } = context
  const { loginRequest, reauthenticate, mayResume } = transaction.content
  const asked = { ...loginRequest, reauthenticate, mayResume }
  if (response.kind === 'refused') {
    reportStatus(context, response.status)
    return host.finishLogin(exchange, anonymous('not-signed-in'), asked)
  }
  const { assertion, responseId } = response
  const { since } = transaction
  const skew = options.clockSkewSeconds * 1000
  const message = { issuer: options.identityProvider, expiresAt: assertion.expiresAt, now, skew }
  const citizen = await takeOnce({ ...message, kind: 'response', id: responseId }, () =>
    takeOnce({ ...message, kind: 'assertion', id: assertion.id }, () =>
      host.sessions.start(
        exchange,
        verifiedLoginOf(context, assertion, { since, reauthenticate, mayResume }),
      ),
    ),
  )
  if (!mustAskAnew(citizen, transaction.content)) return host.finishLogin(exchange, citizen, asked)
  const anew = { request: loginRequest, mayResume, reauthenticate: true, strengthen: false }
  return startLogin(context, exchange, anew)
}

function reportStatus({ host }: SamlLoginContext, { code, subcode }: Status): void {
  const problem = subcode === undefined ? code : `${code} ${subcode}`
  host.report({ type: 'token.rejected', problem: `saml status ${problem}`, credential: 'saml-message' })
}
