/** @module The options of the identity provider of the shared cookie. */
import type { Claims } from '../citizen.js'
import { checkBase, checkEndpoint } from './addresses.js'
import {
  computed,
  type DefaultedOption,
  defaulted,
  type GivenOptional,
  type GivenRequired,
  optional,
  type ResolvedOf,
  required,
} from './option.js'
import {
  address,
  choice,
  functionOf,
  listOf,
  networkSeconds,
  numberBetween,
  publicly,
  queryParameters,
  shownName,
  textMatching,
} from './option-types.js'
import { factorClaims, trustedFrom } from './trusted-claims.js'

/** What a refresh's answer means, as `readAnswer` says it. */
export type RefreshAnswer = { readonly token: string } | 'extended' | 'unusable'

/** The answer of the refresh endpoint, already read within limits. */
export interface RefreshResponse {
  readonly status: number
  header(name: string): string | null
  /** Every `Set-Cookie` line. */
  readonly setCookies: readonly string[]
  /** The body as text, at most 64 KiB. */
  readonly body: string
}

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
/** An endpoint with its default, which is the example of a good one too. */
const endpoint = (path: string): DefaultedOption<string> => defaulted(address(checkEndpoint, path), path)

/** The options below `identityProvider`. */
export const identityProviderOptions = {
  /**
   * Origin, with a path prefix if there is one, at which browsers reach the identity provider.
   *
   * As in `https://id.example.gov`.
   */
  url: required(address(checkBase, 'https://id.example.gov'), 'shared-cookie'),
  /**
   * Name of this way in on the page where a person chooses among several. Default: the host of `identityProvider.url`.
   *
   * With one, there is such a page as soon as there is another way in. 1 to 60 characters.
   */
  displayName: optional(shownName),
  /** Logo beside that name: a path of this application or an absolute address. Default none. */
  logo: optional(address(checkEndpoint, '/citizen-one.svg')),
  /** The same provider as our own servers reach it. Default: `identityProvider.url`. */
  internalUrl: computed(address(checkBase, 'https://id.internal.example.gov')),
  /**
   * What the claim `iss` must be, letter by letter; a list accepts each of several. Default: `identityProvider.url`
   * without a slash at its end.
   */
  issuer: computed<readonly string[], string | readonly string[]>(
    listOf(
      (value) =>
        typeof value === 'string' && /^[^\s\p{Cc}]{1,512}$/u.test(value)
          ? { value }
          : {
              problem: 'write the issuer exactly as it stands in the tokens, such as https://id.example.gov',
            },
      { least: 1, most: 16, hint: 'one issuer or a list of at most 16', single: true },
    ),
  ),
  /** What the claim `aud` must contain; without it a token that has an `aud` is refused. Default none. */
  audience: optional(
    textMatching(/^[^\s\p{Cc}]{1,512}$/u, 'the audience exactly as it stands in the tokens'),
  ),
  /** Signature algorithms that are accepted. Default `RS256`. */
  algorithms: defaulted(
    listOf(
      (value) =>
        typeof value === 'string' && supportedAlgorithms.includes(value)
          ? { value }
          : { problem: `write only algorithms from ${supportedAlgorithms.join(', ')}` },
      { least: 1, most: supportedAlgorithms.length, hint: `a list from ${supportedAlgorithms.join(', ')}` },
    ),
    ['RS256'],
  ),
  endpoints: {
    /**
     * Where the public keys are: a path below `internalUrl`, or an absolute address. Default
     * `/api/v1/authentication/.well-known/jwks.json`.
     */
    jwks: endpoint('/api/v1/authentication/.well-known/jwks.json'),
    /**
     * Where the identity session is extended: a path below `internalUrl`, or an absolute address. Default
     * `/sp/api/v1/authenticate?type=token`.
     */
    refresh: endpoint('/sp/api/v1/authenticate?type=token'),
    /** Where the person signs in: a path below `url`, or an absolute address. Default `/login`. */
    login: endpoint('/login'),
    /** Where the identity session ends: a path below `url`, or an absolute address. Default `/logout`. */
    logout: endpoint('/logout'),
    /**
     * Where a missing second factor is asked for: a path below `url`, or an absolute address. Default:
     * `identityProvider.endpoints.login`.
     */
    secondFactor: computed(address(checkEndpoint, '/login')),
  },
  /** The claim that names the session at the identity provider. Default `jti`. */
  sessionClaim: defaulted(claimName, 'jti'),
  /**
   * Boolean claims that a token must have to count as a shared-cookie token. Default `mfaRequired`, `isMfa`,
   * `isDidAuth`.
   */
  kindClaims: defaulted(
    listOf(claimName.check, { least: 0, most: 16, hint: 'a list of at most 16 claim names' }),
    ['mfaRequired', 'isMfa', 'isDidAuth'],
  ),
  /**
   * Which claims of how somebody authenticated the provider is believed: of `isMfa`, `isDidAuth`. The others are left out,
   * once the kind of the token is known. Default `isMfa`, `isDidAuth`.
   *
   * Without `isMfa` nobody gets in who has to pass a second factor (`mfaRequired`).
   */
  trustedClaims: defaulted(trustedFrom(factorClaims), factorClaims),
  /**
   * Those of `azp`, `client_id`, `scope` that a shared-cookie token may carry; needs `audience` and a kind claim.
   * Default none.
   */
  acceptedClaims: defaulted(
    listOf(
      (value) =>
        typeof value === 'string' && acceptableClaims.includes(value)
          ? { value }
          : { problem: `write only names from ${acceptableClaims.join(', ')}` },
      { least: 0, most: acceptableClaims.length, hint: `a list from ${acceptableClaims.join(', ')}` },
    ),
    [],
  ),
  /** Query parameter in which login and logout take the address to return to. Default `returnTo`. */
  returnParameter: defaulted(
    textMatching(/^[\w.~-]{1,64}$/, 'a parameter name of 1 to 64 letters, digits, `.`, `_`, `~` and `-`'),
    'returnTo',
  ),
  /**
   * Query parameters that ask the login for a new authentication; a query string in the variable. Whoever has the
   * browser can take them out of the address. Default `prompt=login`.
   */
  reauthenticateParameters: defaulted(queryParameters, { prompt: 'login' }),
  refresh: {
    /**
     * Age of a token at which the identity session is extended. Default: 40 to 50 % of its life, spread by session; half,
     * below 5 minutes.
     */
    afterSeconds: optional(numberBetween(1, 86_400)),
    /** How long the answer of the refresh endpoint is waited for. Default `5`. */
    timeoutSeconds: defaulted(networkSeconds, 5),
    /** How long the one request that refreshes is held up at most; the refresh itself goes on. Default `500`. */
    waitMilliseconds: defaulted(numberBetween(0, 10_000), 500),
    /** While the refresh endpoint cannot be reached, `keep` the session until `exp` or `end` it. Default `keep`. */
    onUnavailable: defaulted(choice('keep', 'end'), 'keep'),
    /** Reads an answer of the refresh endpoint in a form of its own. Default: reads the known forms. */
    readAnswer: optional(
      functionOf<(response: RefreshResponse) => RefreshAnswer>(
        'a function from the answer to { token }, "extended" or "unusable"',
      ),
    ),
  },
  /**
   * How far the identity provider's clock may be off. Default `30`.
   *
   * At most 60.
   */
  clockSkewSeconds: defaulted(numberBetween(0, 60), 30),
  /**
   * Says which assurance level the claims amount to. Default: 2 with a trusted `isDidAuth`, else 1.
   *
   * What is no finite number counts as 0, which meets no demand.
   */
  assuranceLevel: computed(functionOf<(claims: Claims) => number>('a function from the claims to a number')),
  keys: {
    /** Least time between two fetches for keys that are not known. Default `30`. */
    coolDownSeconds: defaulted(numberBetween(1, 3_600), 30),
    /** A key set is kept at least that long, but never longer than `ceilingSeconds`. Default `60`. */
    floorSeconds: defaulted(numberBetween(1, 86_400), 60),
    /** A key set is fetched anew after that long at the latest. Default `900`. */
    ceilingSeconds: defaulted(numberBetween(1, 86_400), 900),
    /** How long the last good key set goes on verifying while a new one cannot be fetched. Default `86400`. */
    staleSeconds: defaulted(numberBetween(0, 604_800), 86400),
    /** How long an answer of the key endpoint is waited for. Default `5`. */
    timeoutSeconds: defaulted(networkSeconds, 5),
    /**
     * How many verified tokens, sessions of OpenID Connect or SAML, and hints a process remembers at most, each; what
     * was used lately stays. Default: bounded by memory.
     *
     * To a quarter, an eighth and a 64th of what the process may use.
     */
    rememberedTokens: optional(numberBetween(100, 10_000_000)),
  },
} as const

/** The identity provider of the shared cookie: where it is, what its tokens look like, how they are renewed. */
export interface IdentityProviderOptions
  extends GivenRequired<typeof identityProviderOptions>,
    GivenOptional<typeof identityProviderOptions> {}

/**
 * The options of the identity provider, resolved. Endpoints are absolute: `jwks` and `refresh` are below `internalUrl`,
 * the others below `url`, unless given absolutely.
 */
export interface ResolvedIdentityProvider extends Omit<ResolvedOf<typeof identityProviderOptions>, 'issuer'> {
  readonly issuers: readonly string[]
  /** Claims that the provider is not believed. */
  readonly untrustedClaims: readonly string[]
}
