/** @module What the provider's answer to a silent check says, verified. */
import { readAuthorizationAnswer } from '../authorization-answer.js'
import { verifyIdToken } from '../id-token.js'
import type { Connection } from '../provider.js'
import { exchangeCode, type GoodTokens, idTokenRules, isPassing } from '../token-answer.js'
import type { CheckTransaction, SilentCheckContext } from './context.js'
import type { CheckAnswer } from './decision.js'

/** What an answer says, and the tokens that it brought. */
export interface Finding {
  readonly answer: CheckAnswer
  readonly tokens?: GoodTokens | undefined
  /** An ID token alone, where no code was asked for. */
  readonly idToken?: string | undefined
  readonly sessionState: string | undefined
}

const invalid: Finding = { answer: { kind: 'invalid' }, sessionState: undefined }

/** Reads the answer; a code is exchanged. Never throws for what the provider does. */
export async function readFinding(
  context: SilentCheckContext,
  parameters: URLSearchParams,
  transaction: CheckTransaction,
  connection: Connection,
): Promise<Finding> {
  const { options, host, redirectUri } = context
  const answer = readAuthorizationAnswer(parameters, connection.metadata)
  if (answer.kind === 'malformed') return invalid
  const { sessionState } = answer
  if (answer.kind === 'error') return { answer, sessionState }
  const { nonce, verifier } = transaction
  if (answer.kind === 'id-token') {
    const { idToken } = answer
    const identity = await readIdToken(context, idToken, nonce, connection)
    return identity === undefined ? invalid : { answer: identity, idToken, sessionState }
  }
  const codeExchange = { ...answer, redirectUri, nonce, verifier, maxAgeSeconds: undefined }
  const result = await exchangeCode(connection, options, codeExchange, host.options.clock())
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

/** Whom an ID token names that came by the browser, where one was asked for. */
async function readIdToken(
  { options, host }: SilentCheckContext,
  idToken: string,
  nonce: string,
  connection: Connection,
): Promise<CheckAnswer | undefined> {
  if (options.sessionManagement.responseType !== 'id_token') return undefined
  // It came by the browser: anybody could have sent it.
  const rules = { ...idTokenRules(options, connection), bearer: 'anybody' } as const
  const verified = await verifyIdToken(idToken, rules, { nonce }, host.options.clock())
  if ('problem' in verified) return undefined
  const { iss, sub } = verified.claims
  return { kind: 'identity', issuer: iss, subject: sub }
}
