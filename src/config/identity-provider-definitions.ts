/** @module The options of the identity provider, line by line. */
import type { Claims } from '../citizen.js'
import { checkBase, checkEndpoint } from './addresses.js'
import { defaults } from './defaults.js'
import { row } from './descriptor.js'
import {
  address,
  choice,
  functionOf,
  listOf,
  numberBetween,
  publicly,
  queryParameters,
  textMatching,
} from './option-types.js'
import type { RefreshAnswer, RefreshResponse } from './options.js'

/** Claims of other kinds of token that a provider may put into its shared-cookie tokens as well. */
export const acceptableClaims: readonly string[] = ['azp', 'client_id', 'scope']

/** The signature algorithms that a token may use. Never `none`, never a shared secret. */
export const supportedAlgorithms: readonly string[] = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'EdDSA',
  'Ed25519',
]

const claimName = publicly(textMatching(/^[\w:/.#~-]{1,128}$/, 'the name of a claim, such as jti'))
const networkSeconds = numberBetween(0.05, 60, true)
const idp = defaults.identityProvider

/** The options below `identityProvider`. */
export const identityProviderRows = {
  'identityProvider.url': row<string>({
    kind: address(checkBase, 'https://id.example.gov'),
    isRequired: 'shared-cookie',
    meaning: 'Origin, with a path prefix if there is one, at which browsers reach the identity provider.',
  }),
  'identityProvider.internalUrl': row<string>({
    kind: address(checkBase, 'https://id.internal.example.gov'),
    derived: '`identityProvider.url`',
    meaning: 'The same provider as our own servers reach it.',
  }),
  'identityProvider.issuer': row<readonly string[]>({
    kind: listOf(
      (value) =>
        typeof value === 'string' && /^[^\s\p{Cc}]{1,512}$/u.test(value)
          ? { value }
          : {
              problem: 'write the issuer exactly as it stands in the tokens, such as https://id.example.gov',
            },
      { least: 1, most: 16, hint: 'one issuer or a list of at most 16', single: true },
    ),
    derived: '`identityProvider.url` without a slash at its end',
    meaning: 'What the claim `iss` must be, letter by letter; a list accepts each of several.',
  }),
  'identityProvider.audience': row<string>({
    kind: textMatching(/^[^\s\p{Cc}]{1,512}$/u, 'the audience exactly as it stands in the tokens'),
    derived: 'none',
    meaning: 'What the claim `aud` must contain; without it a token that has an `aud` is refused.',
  }),
  'identityProvider.algorithms': row<readonly string[]>({
    kind: listOf(
      (value) =>
        typeof value === 'string' && supportedAlgorithms.includes(value)
          ? { value }
          : { problem: `write only algorithms from ${supportedAlgorithms.join(', ')}` },
      { least: 1, most: supportedAlgorithms.length, hint: `a list from ${supportedAlgorithms.join(', ')}` },
    ),
    fallback: idp.algorithms,
    meaning: 'Signature algorithms that are accepted.',
  }),
  'identityProvider.endpoints.jwks': row<string>({
    kind: address(checkEndpoint, idp.endpoints.jwks),
    fallback: idp.endpoints.jwks,
    meaning: 'Where the public keys are: a path below `internalUrl`, or an absolute address.',
  }),
  'identityProvider.endpoints.refresh': row<string>({
    kind: address(checkEndpoint, idp.endpoints.refresh),
    fallback: idp.endpoints.refresh,
    meaning: 'Where the identity session is extended: a path below `internalUrl`, or an absolute address.',
  }),
  'identityProvider.endpoints.login': row<string>({
    kind: address(checkEndpoint, idp.endpoints.login),
    fallback: idp.endpoints.login,
    meaning: 'Where the person signs in: a path below `url`, or an absolute address.',
  }),
  'identityProvider.endpoints.logout': row<string>({
    kind: address(checkEndpoint, idp.endpoints.logout),
    fallback: idp.endpoints.logout,
    meaning: 'Where the identity session ends: a path below `url`, or an absolute address.',
  }),
  'identityProvider.endpoints.secondFactor': row<string>({
    kind: address(checkEndpoint, '/login'),
    derived: '`identityProvider.endpoints.login`',
    meaning: 'Where a missing second factor is asked for: a path below `url`, or an absolute address.',
  }),
  'identityProvider.sessionClaim': row<string>({
    kind: claimName,
    fallback: idp.sessionClaim,
    meaning: 'The claim that names the session at the identity provider.',
  }),
  'identityProvider.kindClaims': row<readonly string[]>({
    kind: listOf(claimName.check, { least: 0, most: 16, hint: 'a list of at most 16 claim names' }),
    fallback: idp.kindClaims,
    meaning: 'Boolean claims that a token must have to count as a shared-cookie token.',
  }),
  'identityProvider.acceptedClaims': row<readonly string[]>({
    kind: listOf(
      (value) =>
        typeof value === 'string' && acceptableClaims.includes(value)
          ? { value }
          : { problem: `write only names from ${acceptableClaims.join(', ')}` },
      { least: 0, most: acceptableClaims.length, hint: `a list from ${acceptableClaims.join(', ')}` },
    ),
    fallback: idp.acceptedClaims,
    meaning:
      'Those of `azp`, `client_id`, `scope` that a shared-cookie token may carry; needs `audience` and a kind claim.',
  }),
  'identityProvider.returnParameter': row<string>({
    kind: textMatching(
      /^[\w.~-]{1,64}$/,
      'a parameter name of 1 to 64 letters, digits, `.`, `_`, `~` and `-`',
    ),
    fallback: idp.returnParameter,
    meaning: 'Query parameter in which login and logout take the address to return to.',
  }),
  'identityProvider.reauthenticateParameters': row<Readonly<Record<string, string>>>({
    kind: queryParameters,
    fallback: idp.reauthenticateParameters,
    meaning:
      'Query parameters that ask the login for a new authentication; a query string in the variable. Whoever has the browser can take them out of the address.',
  }),
  'identityProvider.refresh.afterSeconds': row<number>({
    kind: numberBetween(1, 86_400),
    derived: "half of the token's life",
    meaning: 'Age of a token at which the identity session is extended.',
  }),
  'identityProvider.refresh.timeoutSeconds': row<number>({
    kind: networkSeconds,
    fallback: idp.refresh.timeoutSeconds,
    meaning: 'How long the answer of the refresh endpoint is waited for.',
  }),
  'identityProvider.refresh.waitMilliseconds': row<number>({
    kind: numberBetween(0, 10_000),
    fallback: idp.refresh.waitMilliseconds,
    meaning: 'How long the one request that refreshes is held up at most; the refresh itself goes on.',
  }),
  'identityProvider.refresh.onUnavailable': row<'keep' | 'end'>({
    kind: choice('keep', 'end'),
    fallback: idp.refresh.onUnavailable,
    meaning: 'While the refresh endpoint cannot be reached, `keep` the session until `exp` or `end` it.',
  }),
  'identityProvider.refresh.readAnswer': row<(response: RefreshResponse) => RefreshAnswer>({
    kind: functionOf('a function from the answer to { token }, "extended" or "unusable"'),
    derived: 'reads the known forms',
    meaning: 'Reads an answer of the refresh endpoint in a form of its own.',
  }),
  'identityProvider.clockSkewSeconds': row<number>({
    kind: numberBetween(0, 60),
    fallback: idp.clockSkewSeconds,
    meaning: "How far the identity provider's clock may be off.",
  }),
  'identityProvider.assuranceLevel': row<(claims: Claims) => number>({
    kind: functionOf('a function from the claims to a number'),
    derived: '2 with `isDidAuth`, else 1',
    meaning: 'Says which assurance level the claims amount to.',
  }),
  'identityProvider.keys.coolDownSeconds': row<number>({
    kind: numberBetween(1, 3_600),
    fallback: idp.keys.coolDownSeconds,
    meaning: 'Least time between two fetches for keys that are not known.',
  }),
  'identityProvider.keys.floorSeconds': row<number>({
    kind: numberBetween(1, 86_400),
    fallback: idp.keys.floorSeconds,
    meaning: 'A key set is kept at least that long, but never longer than `ceilingSeconds`.',
  }),
  'identityProvider.keys.ceilingSeconds': row<number>({
    kind: numberBetween(1, 86_400),
    fallback: idp.keys.ceilingSeconds,
    meaning: 'A key set is fetched anew after that long at the latest.',
  }),
  'identityProvider.keys.staleSeconds': row<number>({
    kind: numberBetween(0, 604_800),
    fallback: idp.keys.staleSeconds,
    meaning: 'How long the last good key set goes on verifying while a new one cannot be fetched.',
  }),
  'identityProvider.keys.timeoutSeconds': row<number>({
    kind: networkSeconds,
    fallback: idp.keys.timeoutSeconds,
    meaning: 'How long an answer of the key endpoint is waited for.',
  }),
  'identityProvider.keys.rememberedTokens': row<number>({
    kind: numberBetween(100, 10_000_000),
    derived: 'bounded by memory',
    meaning:
      'How many verified tokens, sessions of OpenID Connect or SAML, and hints a process remembers at most, each; what was used lately stays.',
  }),
} as const
