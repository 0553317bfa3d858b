/** @module What the provider's answer to a silent check says, verified. */
import { readAuthorizationAnswer } from '../authorization-answer.js'
import { type IdTokenClaims, verifyIdToken } from '../id-token.js'
import type { Connection } from '../provider.js'
import { type GoodTokens, idTokenRules, isPassing, redeemCode } from '../token-answer.js'
import type { CheckTransaction, SilentCheckContext } from './context.js'
import type { CheckAnswer } from './decision.js'

/** What an answer says, and the tokens that it brought. */
export interface Finding {
  readonly answer: CheckAnswer
  readonly tokens?: GoodTokens | undefined
  /** An ID token alone, where no code was asked for. */
  readonly idToken?: string | undefined
  /** What the ID token says, of the tokens or alone. */
  readonly claims?: IdTokenClaims | undefined
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
  const { responseType } = options.sessionManagement
  const expected = { ...connection.metadata, hasIdToken: responseType !== 'code' }
  const answer = readAuthorizationAnswer(parameters, expected)
  if (answer.kind === 'malformed') return invalid
  const { sessionState } = answer
  if (answer.kind === 'error') return { answer, sessionState }
  const { nonce, verifier } = transaction
  if (answer.kind === 'id-token') {
    const { idToken } = answer
    const claims = await readIdToken(context, idToken, nonce, connection)
    return claims === undefined ? invalid : { answer: identityOf(claims), claims, idToken, sessionState }
  }
  const isHybrid = responseType === 'code id_token'
  const codeExchange = { ...answer, isHybrid, redirectUri, nonce, verifier, maxAgeSeconds: undefined }
  const result = await redeemCode(connection, options, codeExchange, host.options.clock())
  if ('problem' in result) {
    return isPassing(result) ? { answer: { kind: 'timeout' }, sessionState: undefined } : invalid
  }
  const { claims, tokens } = result
  return { answer: identityOf(claims), claims, tokens: result, sessionState: tokens.sessionState }
}

const identityOf = ({ iss, sub }: IdTokenClaims): CheckAnswer => ({
  kind: 'identity',
  issuer: iss,
  subject: sub,
})

/** What an ID token says that came by the browser, where one was asked for. */
async function readIdToken(
  { options, host }: SilentCheckContext,
  idToken: string,
  nonce: string,
  connection: Connection,
): Promise<IdTokenClaims | undefined> {
  if (options.sessionManagement.responseType !== 'id_token') return undefined
  // It came by the browser: anybody could have sent it.
  const rules = { ...idTokenRules(options, connection), bearer: 'anybody' } as const
  const verified = await verifyIdToken(idToken, rules, { nonce }, host.options.clock())
  return 'problem' in verified ? undefined : verified.claims
}
