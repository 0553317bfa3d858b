/** @module The token endpoint: a code or a refresh token for tokens, through `openid-client`, then verified by us. */
import * as client from 'openid-client'
import type { Difference } from '../tokens/rejection.js'
import { watchIdToken } from './answered-id-token.js'
import { type FailedCall, failedCallOf, refusedIdTokenOf } from './call-failure.js'
import { isSamePerson, verifyFrontChannel } from './hybrid.js'
import { type IdTokenClaims, type IdTokenProblem, type IdTokenRules, verifyIdToken } from './id-token.js'
import { differenceFor, differenceIn } from './id-token-difference.js'
import type { ResolvedOidcOptions } from './options.js'
import type { Connection } from './provider.js'
import { identityOf, type KeptTokens, keepTokens, maximumTokenLength } from './tokens.js'

/** A code that is to be exchanged, with what was remembered of its request. */
export interface CodeExchange {
  readonly code: string
  /** The ID token that came with it; looked at where `isHybrid`. */
  readonly idToken: string | undefined
  /** Whether an ID token was asked for beside the code: then the code is good with it alone. */
  readonly isHybrid: boolean
  readonly issuer: string | undefined
  readonly state: string
  readonly redirectUri: string
  readonly nonce: string
  readonly verifier: string
  readonly maxAgeSeconds: number | undefined
  /** Of the authorization answer; the token answer's own wins. */
  readonly sessionState: string | undefined
}

/** Tokens that are good, and what they say. */
export interface GoodTokens {
  readonly tokens: KeptTokens
  readonly claims: IdTokenClaims
  /** As the token endpoint says it. */
  readonly tokenType: string
}

/** An answer that brings nobody in. `problem` is a word for events and pages. */
export interface BadTokens {
  readonly problem: string
  readonly call?: FailedCall | undefined
  /** What the ID token says in place of what the options want. */
  readonly difference?: Difference | undefined
}

/** The rules for ID tokens of the token endpoint that follow from options and connection. */
export function idTokenRules(options: ResolvedOidcOptions, connection: Connection): IdTokenRules {
  return {
    keys: connection.keys,
    bearer: 'login',
    algorithms: options.idTokenAlgorithms,
    decryptionKeys: options.idTokenDecryptionKeys,
    maximumLength: maximumTokenLength,
    issuer: options.issuer,
    clientId: options.clientId,
    clockSkewSeconds: options.clockSkewSeconds,
  }
}

/**
 * Takes a code to the token endpoint; in the hybrid flow only after the ID token that came with it, and only for the same
 * person. Never throws for what the provider does.
 * Source: OpenID Connect Core 1.0, sections 3.3.2.8 and 3.3.3.
 */
export async function redeemCode(
  connection: Connection,
  options: ResolvedOidcOptions,
  exchange: CodeExchange,
  now: number,
): Promise<GoodTokens | BadTokens> {
  if (!exchange.isHybrid) return exchangeCode(connection, options, exchange, now)
  const { idToken } = exchange
  if (idToken === undefined) return { problem: 'answer-response-type' }
  const rules = idTokenRules(options, connection)
  const front = await verifyFrontChannel({ ...exchange, idToken }, rules, now)
  if ('problem' in front) {
    return { problem: front.problem, difference: differenceIn(idToken, front.problem, rules) }
  }
  // It names the issuer in the place of the parameter, which some leave out beside it (RFC 9207, section 2).
  const result = await exchangeCode(connection, options, { ...exchange, issuer: options.issuer }, now)
  if ('problem' in result || isSamePerson(front.claims, result.claims)) return result
  return { problem: 'id-tokens-differ' }
}

/**
 * Exchanges a code. Never throws for what the provider does.
 * Source: OpenID Connect Core 1.0, sections 3.1.3.3 to 3.1.3.8; RFC 7636.
 */
async function exchangeCode(
  connection: Connection,
  options: ResolvedOidcOptions,
  exchange: CodeExchange,
  now: number,
): Promise<GoodTokens | BadTokens> {
  const answer = new URL(exchange.redirectUri)
  answer.searchParams.set('code', exchange.code)
  answer.searchParams.set('state', exchange.state)
  if (exchange.issuer !== undefined) answer.searchParams.set('iss', exchange.issuer)
  const { nonce, maxAgeSeconds } = exchange
  const rules = idTokenRules(options, connection)
  const judge = (idToken: unknown, accessToken?: string) =>
    verifyIdToken(idToken, rules, { nonce, maxAgeSeconds, accessToken }, now)
  let response: client.TokenEndpointResponse
  let idTokenOf: (() => unknown) | undefined
  try {
    const configuration = await connection.client(now)
    idTokenOf = watchIdToken(configuration, 'left-in')
    response = await client.authorizationCodeGrant(configuration, answer, {
      expectedState: exchange.state,
      expectedNonce: exchange.nonce,
      pkceCodeVerifier: exchange.verifier,
      idTokenExpected: true,
      ...(exchange.maxAgeSeconds === undefined ? {} : { maxAge: exchange.maxAgeSeconds }),
    })
  } catch (error) {
    return refusalOf(error, idTokenOf?.(), rules, judge)
  }
  const verified = await judge(response.id_token, response.access_token)
  if ('problem' in verified) return refusedFor(response.id_token, verified.problem, rules)
  const { claims } = verified
  const known = {
    idToken: String(response.id_token),
    identity: identityOf(claims),
    sessionState: exchange.sessionState,
    sessionId: claims.sid,
  }
  const tokens = keepTokens(response, known, now)
  return tokens === 'too-large' ? { problem: tokens } : { tokens, claims, tokenType: response.token_type }
}

/** An ID token that is not to be used, and what it says in place of what is wanted. */
function refusedFor(idToken: unknown, problem: IdTokenProblem, rules: IdTokenRules): BadTokens {
  return { problem, difference: differenceIn(idToken, problem, rules) }
}

/**
 * Why `openid-client` took no tokens of an answer. What an ID token lacks, or has of another type, it refuses without a
 * word of its own: then ours is asked for.
 */
async function refusalOf(
  error: unknown,
  idToken: unknown,
  rules: IdTokenRules,
  judge: (idToken: unknown) => ReturnType<typeof verifyIdToken>,
): Promise<BadTokens> {
  const refused = refusedIdTokenOf(error)
  if (refused !== undefined) {
    const { problem, ...said } = refused
    return { problem, difference: differenceFor(problem, said, rules) }
  }
  const judged = idToken === undefined ? undefined : await judge(idToken)
  if (judged !== undefined && 'problem' in judged) return refusedFor(idToken, judged.problem, rules)
  const call = failedCallOf(error)
  return { problem: call.error ?? call.problem, call }
}

/** Whether an answer failed in a way that says nothing about the login: another time it may be good. */
export function isPassing({ problem, call }: BadTokens): boolean {
  if (problem === 'keys-unavailable' || call?.problem === 'timeout' || call?.problem === 'network')
    return true
  return call?.status !== undefined && (call.status >= 500 || call.status === 429)
}
