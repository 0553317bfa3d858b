/** @module The options of `oidc({ … })`: one table, from which follow what is given and what is resolved. */
import type { Claims } from '../citizen.js'
import { checkBase, checkEndpoint } from '../config/addresses.js'
import type { GivenAnywhere, ResolvedOf } from '../config/option.js'
import { computed, defaulted, optional, required } from '../config/option.js'
import {
  address,
  choice,
  functionOf,
  networkSeconds,
  numberBetween,
  orInFile,
  origins,
  shownName,
  textMatching,
  yesOrNo,
} from '../config/option-types.js'
import { providerName } from '../config/provider-name.js'
import { trustedFrom } from '../config/trusted-claims.js'
import { supportedAlgorithms } from '../tokens/algorithms.js'
import { standardClaims, trustableClaims } from './claim-names.js'
import { clientAuthentication } from './client-authentication.js'
import type { Downstream } from './downstream.js'
import {
  claimNames,
  endpoint,
  endpointOrNone,
  expiry,
  foreignParameters,
  issuer,
  passableParameters,
  privateKeys,
  reauthenticateParameters,
  text,
  words,
} from './option-kinds.js'

/**
 * How a sign-out brings the hint: in the address, in a form, in a form only where it would make the address too long,
 * or not at all.
 */
export type IdTokenHint = 'query' | 'form' | 'auto' | 'none'

/** What comes back by the browser from a sign-in. */
export type SignInResponseType = 'code' | 'code id_token'

/** What comes back by the browser, from a silent check too. Never an access token. */
export type ResponseType = SignInResponseType | 'id_token'

/** The options below `endpoints`. */
export const oidcEndpoints = {
  /** With `token` and `jwks` given as well, nothing is discovered. Default: discovery. */
  authorization: optional(endpoint),
  /** The token endpoint. Default: discovery. */
  token: optional(endpoint),
  /** The provider’s keys. Default: discovery. */
  jwks: optional(endpoint),
  /** Where the browser signs out at the provider; `false`: nowhere, sign-out is local. Default: discovery. */
  endSession: optional(endpointOrNone),
  /** The provider’s `check_session_iframe`; `false`: it is not used. Default: discovery. */
  checkSession: optional(endpointOrNone),
  /** Where tokens are revoked (RFC 7009); `false`: they are not. Default: discovery. */
  revocation: optional(endpointOrNone),
  /** Where claims about the person are asked for (`userInfo`); `false`: nowhere. Default: discovery. */
  userInfo: optional(endpointOrNone),
  /** Where authorization requests are pushed (RFC 9126); `false`: they are not. Default: discovery. */
  pushedAuthorization: optional(endpointOrNone),
} as const

/** Endpoints that override what discovery says. `false`: the provider's is not used. */
export interface OidcEndpoints extends GivenAnywhere<typeof oidcEndpoints> {}

/** Every option of `oidc({ … })`. The order is that of the documentation. */
export const oidcOptions = {
  /**
   * Names one of several providers of this protocol, as in `adfs`: in addresses, in variables and in `citizen.provider`.
   * Default none.
   *
   * It stays as it is: sessions and addresses at the provider are known by it. A letter, then letters, digits and
   * hyphens, 16 in all, lower-case.
   */
  name: optional(providerName),
  /**
   * Name of this way in on the page where a person chooses among several. Default: the host of `issuer`.
   *
   * With this or `name`, there is such a page as soon as there is another way in. 1 to 60 characters.
   */
  displayName: optional(shownName),
  /** Logo beside that name: a path of the application or an absolute address. Default none. */
  logo: optional(address(checkEndpoint, '/adfs.svg')),
  /**
   * Whether that page shows it; `false`: only a link, a guard or `login.select` leads there, as for tenants that are not
   * to see each other. Default `true`.
   */
  offered: defaulted(yesOrNo, true),
  /** The provider’s issuer, letter by letter as it stands in its tokens. */
  issuer: required(issuer),
  /** The client’s id at the provider. */
  clientId: required(text),
  /** The client’s secret; required unless `clientAuthentication` needs none. Default none. */
  clientSecret: optional(orInFile(textMatching(/^[^\p{Cc}]{1,1024}$/u, 'the client’s secret'))),
  /**
   * How the client proves itself: `client_secret_basic`, `client_secret_post`, `none` (public client), `{ privateKey,
   * audience }`, or a `ClientAuth` of openid-client. Default: `client_secret_basic`, or `client_secret_post` where
   * the provider offers only that.
   */
  clientAuthentication: optional(clientAuthentication),
  /** What takes the place of the issuer’s origin in calls from our servers. Default none. */
  internalUrl: optional(address(checkBase, 'https://id.internal.example.gov')),
  /** Origins besides the issuer’s own on which the provider’s endpoints may lie. Default none. */
  endpointOrigins: defaulted(origins, []),
  endpoints: oidcEndpoints,
  /** Scopes to ask for; add `offline_access` where the provider gives refresh tokens only for it. Default `openid`. */
  scope: defaulted(
    textMatching(
      /^(?=(?:.* )?openid(?: |$))[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/,
      'scopes separated by single blanks, openid among them',
    ),
    'openid',
  ),
  /**
   * What comes back by the browser: `code`, or `code id_token` (hybrid) for providers that insist on it, always as a form.
   * Default `code`.
   */
  responseType: defaulted(choice<SignInResponseType>('code', 'code id_token'), 'code'),
  /** How the provider sends the browser back. Default: `query`; `form_post` with `code id_token`. */
  responseMode: computed(choice('query', 'form_post')),
  /** `prompt` of every login; a new authentication is asked for with `login` in any case. Default none. */
  prompt: optional(choice('login', 'consent', 'select_account')),
  /** How old the authentication may be at a login (`max_age`); checked on return. Default none. */
  maxAgeSeconds: optional(numberBetween(0, 31_536_000)),
  /** Authentication context references to ask for at every login, the preferred one first. Default none. */
  acrValues: defaulted(words('a list of authentication context references'), []),
  /** Those to ask for where a guard wants a higher level; one of them must come back. Default none. */
  stepUpAcrValues: defaulted(words('a list of authentication context references'), []),
  /** More parameters for the authorization request; none can override ours. Default none. */
  parameters: defaulted(foreignParameters, {}),
  /** Parameters that a link to our login route may pass on, such as `ui_locales`. Default none. */
  passedParameters: defaulted(words(`a list from ${passableParameters.join(', ')}`, passableParameters), []),
  reauthenticate: {
    /**
     * What asks for a new authentication, in the place of the default; for providers that refuse `prompt=login`.
     * Default: `prompt=login`, `max_age=1`.
     */
    parameters: computed(reauthenticateParameters),
    /**
     * What proves it: an `auth_time` from the course of the login; `asked`: that it was asked for, at a provider that
     * never says `auth_time` (with a warning). Default `auth-time`.
     */
    proof: defaulted(choice('auth-time', 'asked'), 'auth-time'),
  },
  /**
   * Which claims of how somebody authenticated the provider is believed: of `acr`, `amr`, `isMfa`, `isDidAuth`. The others
   * are left out. Default `acr`, `amr`.
   *
   * `isMfa` and `isDidAuth` are CitizenOne’s words: name all four where CitizenOne is the provider.
   */
  trustedClaims: defaulted(trustedFrom(trustableClaims), standardClaims),
  /**
   * The level of assurance that an ID token’s claims (`acr`, `amr`) stand for. Default: 2 with one of
   * `stepUpAcrValues`, or with a trusted `isDidAuth`, else 1.
   */
  assuranceLevel: computed(functionOf<(claims: Claims) => number>('a function from claims to a level')),
  /** Signature algorithms of ID tokens, logout tokens and signed UserInfo. Default `RS256`. */
  idTokenAlgorithms: defaulted(words(`a list from ${supportedAlgorithms.join(', ')}`, supportedAlgorithms), [
    'RS256',
  ]),
  /**
   * Private keys, each with its `alg`, for encrypted ID tokens and logout tokens; with them plain ones are refused.
   * Default none.
   */
  idTokenDecryptionKeys: defaulted(privateKeys, []),
  /**
   * Whether the UserInfo endpoint is asked at a login: `auto`, where the ID token lacks one of `userInfoClaims`; `always`,
   * and without its answer nobody gets in (503); or `never`. Default `auto`.
   */
  userInfo: defaulted(choice('auto', 'always', 'never'), 'auto'),
  /**
   * Claims to take from UserInfo where the ID token has none of that name; with `always` an empty list takes all.
   * Default none.
   */
  userInfoClaims: defaulted(claimNames, []),
  /** Whether it is asked again whenever tokens are renewed; else what it said at the login stays. Default `false`. */
  userInfoAtRefresh: defaulted(yesOrNo, false),
  /**
   * Private keys, each with its `alg`, for encrypted UserInfo; with them a plain answer is refused. Without them those of
   * `idTokenDecryptionKeys` open one that comes encrypted. Default none.
   */
  userInfoDecryptionKeys: defaulted(privateKeys, []),
  /**
   * How the hint of a sign-out travels: in the address, in a form, in a form where it is too long (`auto`), or not at
   * all. Default `query`.
   */
  idTokenHint: defaulted(choice<IdTokenHint>('query', 'form', 'auto', 'none'), 'query'),
  /** Whether authorization requests are pushed; `auto`: where the provider offers it. Default `auto`. */
  pushedAuthorization: defaulted(choice('auto', 'always', 'never'), 'auto'),
  /** How far the clocks of provider and application may be apart. Default `30`. */
  clockSkewSeconds: defaulted(numberBetween(0, 60), 30),
  /** How long one call to the provider may take. Default `5`. */
  timeoutSeconds: defaulted(networkSeconds, 5),
  frontchannelLogout: {
    /** Whether a front-channel logout must name the session; without it nothing is done. Default `true`. */
    sessionRequired: defaulted(yesOrNo, true),
    /**
     * Whether it ends only what our cookie names; `true` where a `sid` can be guessed, as a user id or Windows SID
     * can. Default `false`.
     */
    cookieRequired: defaulted(yesOrNo, false),
    /**
     * Logout addresses of clients of your own, where the application is a provider itself: shown in frames in turn.
     * Default none.
     */
    downstream: computed(functionOf<Downstream>('a function from the ended session to a list of addresses')),
  },
  backchannelLogout: {
    /** `compatible` also takes logout tokens without `typ` or with `JWT`; never another type. Default `compatible`. */
    requireType: defaulted(choice('logout+jwt', 'compatible'), 'compatible'),
    /** The symbol `allowMissingExpiry`, for providers that send logout tokens without `exp`. Default: required. */
    expiry: optional(expiry),
    /** How far ahead a logout token’s `exp` may lie, and how old it may be. Default `120`. */
    maximumLifetimeSeconds: defaulted(numberBetween(10, 3600), 120),
  },
  sessionManagement: {
    /**
     * Whether the browser client watches the provider’s session by itself: `client.js` shows the frame that asks. Default
     * `false`.
     *
     * Without it a page that wants to be told shows the frame `check-session` itself.
     */
    enabled: defaulted(yesOrNo, false),
    /** How often the provider’s frame is asked. Default `5`. */
    pollSeconds: defaulted(numberBetween(1, 3600), 5),
    /** Whether the login after a change of identity needs no button of ours. Default `false`. */
    followIdentity: defaulted(yesOrNo, false),
    /**
     * The flow of the silent check; `id_token` for providers that insist on the implicit flow. Default: `responseType` of
     * the sign-in.
     */
    responseType: computed(choice<ResponseType>('code', 'id_token', 'code id_token')),
    /** How long a silent check in a frame may take. Default `10`. */
    timeoutSeconds: defaulted(numberBetween(1, 60), 10),
  },
  refresh: {
    /**
     * Age of the tokens at which they are renewed. Default: 40 to 50 % of their life, spread by session; half, below 5
     * minutes.
     */
    afterSeconds: optional(numberBetween(1, 86_400)),
    /** How long the token endpoint may take. Default `5`. */
    timeoutSeconds: defaulted(networkSeconds, 5),
    /** How long the request that finds a refresh due waits for it. Default `500`. */
    waitMilliseconds: defaulted(numberBetween(0, 10_000), 500),
    /** How long past their expiry tokens sign somebody in while they cannot be renewed. Default `0`. */
    keepSeconds: defaulted(numberBetween(0, 86_400), 0),
    /**
     * What becomes of the session when the provider cannot be asked; `end`: it ends at once, `identity-ended`.
     * Default `keep`.
     */
    onUnavailable: defaulted(choice('keep', 'end'), 'keep'),
  },
} as const

/** The options of `oidc({ … })`. What is not given is read from the environment, then from the defaults. */
export interface OidcOptions extends GivenAnywhere<typeof oidcOptions> {}

type Resolved = ResolvedOf<typeof oidcOptions>

/** Every option resolved. */
export interface ResolvedOidcOptions extends Omit<Resolved, 'backchannelLogout'> {
  readonly backchannelLogout: Omit<Resolved['backchannelLogout'], 'expiry'> & {
    readonly isExpiryRequired: boolean
  }
  /** Claims that the provider is not believed. */
  readonly untrustedClaims: readonly string[]
}
