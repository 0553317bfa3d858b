/** @module The UserInfo endpoint: asked with the access token, bounded, and believed of the ID token's person alone. */
import { parseStrictBytes } from '../tokens/strict-json.js'
import { isForClient, isNumericDate } from './claim-checks.js'
import { CallError } from './limited-fetch.js'
import { reasonWithout } from './metadata.js'
import type { ResolvedOidcOptions } from './options.js'
import type { Connection } from './provider.js'
import { decryptToken, verifySignature } from './signed-token.js'

/** Bytes of an answer; a longer one is not read. 16 KiB. */
export const maximumUserInfoLength = 16_384

/** Who is asked about, and with what. */
export interface UserInfoRequest {
  readonly accessToken: string
  /** As the token endpoint says it. */
  readonly tokenType: string
  /** `sub` of the ID token. */
  readonly subject: string
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly timeoutSeconds: number
}

/** What the endpoint says, all of it; or why there is nothing. `problem` is a word for events. */
export type UserInfoAnswer =
  | { readonly claims: Readonly<Record<string, unknown>> }
  | { readonly problem: string; readonly status?: number | undefined }

type Read = Readonly<Record<string, unknown>> | string

/**
 * Asks. Never throws for what the provider does. The token travels in the header alone, and only as a bearer token: one
 * that is bound to a key of ours (DPoP) is not sent without its proof.
 * Source: OpenID Connect Core 1.0, section 5.3; RFC 6750, section 2.1.
 */
export async function fetchUserInfo(
  connection: Connection,
  options: ResolvedOidcOptions,
  request: UserInfoRequest,
): Promise<UserInfoAnswer> {
  const { userInfoEndpoint } = connection.metadata
  if (userInfoEndpoint === undefined) {
    return { problem: reasonWithout(connection.metadata, 'userinfo_endpoint', 'no-endpoint') }
  }
  if (request.tokenType.toLowerCase() !== 'bearer') return { problem: 'token-type' }
  if (request.timeoutSeconds <= 0) return { problem: 'timeout' }
  const headers = {
    accept: 'application/json, application/jwt',
    authorization: `Bearer ${request.accessToken}`,
  }
  try {
    const { timeoutSeconds } = request
    const response = await connection.call(
      userInfoEndpoint,
      { headers },
      timeoutSeconds,
      maximumUserInfoLength,
    )
    if (response.status !== 200) return { problem: 'status', status: response.status }
    const claims = await readAnswer(response, connection, options, request.now)
    if (typeof claims === 'string') return { problem: claims }
    // Without the comparison another person's answer could be put in its place (5.3.2).
    return claims.sub === request.subject ? { claims } : { problem: 'subject' }
  } catch (error) {
    return { problem: error instanceof CallError ? error.problem : 'answer' }
  }
}

async function readAnswer(
  response: Response,
  connection: Connection,
  options: ResolvedOidcOptions,
  now: number,
): Promise<Read> {
  const [type = ''] = (response.headers.get('content-type') ?? '').toLowerCase().split(';')
  if (type.trim() === 'application/jwt') {
    return readToken(await response.text(), connection, options, now)
  }
  if (type.trim() !== 'application/json') return 'content-type'
  if (options.userInfoDecryptionKeys.length > 0) return 'encryption'
  return parseStrictBytes(Buffer.from(await response.arrayBuffer())) ?? 'answer'
}

/** Signed, encrypted, or signed and then encrypted. Source: OpenID Connect Core 1.0, section 5.3.2. */
async function readToken(
  jwt: string,
  connection: Connection,
  options: ResolvedOidcOptions,
  now: number,
): Promise<Read> {
  const { userInfoDecryptionKeys, idTokenDecryptionKeys } = options
  const isEncrypted = jwt.split('.').length === 5
  if (!isEncrypted && userInfoDecryptionKeys.length > 0) return 'encryption'
  const keys = userInfoDecryptionKeys.length > 0 ? userInfoDecryptionKeys : idTokenDecryptionKeys
  const plain = isEncrypted ? await decryptToken(jwt, keys) : jwt
  if (plain === undefined) return 'encryption'
  // What is encrypted need not be signed: it has come from the endpoint itself.
  if (isEncrypted && plain.startsWith('{')) {
    const claims = parseStrictBytes(Buffer.from(plain))
    return claims === undefined ? 'malformed' : judgeToken(claims, options, now)
  }
  const rules = {
    keys: connection.keys,
    bearer: 'login',
    algorithms: options.idTokenAlgorithms,
    decryptionKeys: [],
    maximumLength: maximumUserInfoLength,
  } as const
  const signed = await verifySignature(plain, rules, now)
  return typeof signed === 'string' ? signed : judgeToken(signed.claims, options, now)
}

/** What a token says of itself must hold where it says it; no claim of that kind has to be there. */
function judgeToken(
  claims: Readonly<Record<string, unknown>>,
  { issuer, clientId, clockSkewSeconds }: ResolvedOidcOptions,
  now: number,
): Read {
  const { iss, aud, exp, nbf } = claims
  if (Object.hasOwn(claims, 'events')) return 'kind'
  if (iss !== undefined && iss !== issuer) return 'issuer'
  if (aud !== undefined && !isForClient(claims, clientId)) return 'audience'
  if ([exp, nbf].some((time) => time !== undefined && !isNumericDate(time))) return 'claims'
  if (exp !== undefined && now / 1000 >= Number(exp) + clockSkewSeconds) return 'expired'
  return nbf !== undefined && now / 1000 < Number(nbf) - clockSkewSeconds ? 'not-yet-valid' : claims
}
