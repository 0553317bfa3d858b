/** @module The table of the options of `oidc({ … })`: how each is checked, its default and its meaning. */
import type { JsonWebKey } from 'node:crypto'
import type { Claims } from '../citizen.js'
import { checkAddress, checkBase } from '../config/addresses.js'
import { row } from '../config/descriptor.js'
import {
  address,
  choice,
  functionOf,
  type Kind,
  listOf,
  numberBetween,
  origins,
  queryParameters,
  textMatching,
  yesOrNo,
} from '../config/option-types.js'
import { supportedAlgorithms } from '../tokens/algorithms.js'
import type { Downstream } from './downstream.js'
import { allowMissingExpiry, type ClientAuthentication, type IdTokenHint } from './options.js'
import { keyManagement } from './signed-token.js'

/** Parameters of the authorization request that are ours alone: no option and no visitor sets them. */
export const ownParameters: readonly string[] = [
  'client_id',
  'client_secret',
  'redirect_uri',
  'response_type',
  'response_mode',
  'scope',
  'state',
  'nonce',
  'code_challenge',
  'code_challenge_method',
  'prompt',
  'max_age',
  'acr_values',
  'id_token_hint',
  'request',
  'request_uri',
  'registration',
]

/** Parameters that a visitor of the login route may be allowed to set. */
export const passableParameters: readonly string[] = [
  'login_hint',
  'ui_locales',
  'claims_locales',
  'kc_idp_hint',
]

const text = textMatching(/^[^\s\p{Cc}]{1,512}$/u, 'a text without blanks')
const networkSeconds = numberBetween(0.05, 60, true)

const issuer: Kind<string> = {
  fromText: undefined,
  check: (value, surroundings) => {
    const checked = checkAddress(value, surroundings, 'https://id.example.gov')
    if ('problem' in checked) return checked
    if (checked.value.search !== '') return { problem: 'write the issuer without a query' }
    // Letter by letter as in the tokens: a slash at the end is part of the name.
    return { value: String(value) }
  },
}

const endpoint = address((value, surroundings, example) => {
  const checked = checkAddress(value, surroundings, example)
  return 'problem' in checked ? checked : { value: checked.value.href }
}, 'https://id.example.gov/connect/token')

const endpointOrNone: Kind<string | false> = {
  fromText: undefined,
  check: (value, surroundings) => (value === false ? { value } : endpoint.check(value, surroundings)),
}

const words = (hint: string, allowed?: readonly string[]): Kind<readonly string[]> =>
  listOf(
    (value) =>
      typeof value === 'string' &&
      /^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/.test(value) &&
      (allowed?.includes(value) ?? true)
        ? { value }
        : { problem: `write ${hint}` },
    { least: 1, most: 16, hint },
  )

/** Of our own parameters those that ask for a new authentication; `none` asks for nothing. */
const reauthenticateParameters: Kind<Readonly<Record<string, string>>> = {
  fromText: undefined,
  check: (value, surroundings) => {
    const checked = queryParameters.check(value, surroundings)
    if ('problem' in checked) return checked
    const { prompt, max_age: maxAge, ...others } = checked.value
    const own = Object.keys(others).find((name) => ownParameters.includes(name))
    if (own !== undefined) return { problem: `leave out ${own}: it is set by us` }
    if (
      prompt !== undefined &&
      !/^(?:login|consent|select_account)(?: (?:login|consent|select_account))*$/.test(prompt)
    )
      return { problem: 'write as prompt one or more of login, consent, select_account' }
    return maxAge === undefined || /^\d{1,8}$/.test(maxAge)
      ? checked
      : { problem: 'write as max_age a number of seconds' }
  },
}

const clientAuthentication: Kind<ClientAuthentication> = {
  fromText: undefined,
  check: (value) => {
    if (value === 'client_secret_basic' || value === 'client_secret_post' || value === 'none')
      return { value }
    if (typeof value === 'function') return { value: value as ClientAuthentication }
    if (typeof value === 'object' && value !== null && 'privateKey' in value) {
      const { privateKey, audience, ...others } = value as Record<string, unknown>
      const isPrivate =
        typeof privateKey === 'object' && privateKey !== null && 'd' in privateKey && 'alg' in privateKey
      const [other] = Object.keys(others)
      if (other !== undefined) return { problem: `leave out ${other}: write privateKey and audience` }
      if (audience !== undefined && audience !== 'issuer' && audience !== 'token-endpoint')
        return { problem: 'write issuer or token-endpoint as audience, never a list' }
      if (isPrivate) return { value: value as ClientAuthentication }
    }
    return {
      problem:
        'write client_secret_basic, client_secret_post, none, or { privateKey } with a private JSON Web Key that has alg',
    }
  },
}

const privateKeys: Kind<readonly JsonWebKey[]> = {
  fromText: undefined,
  check: (value) => {
    const isList =
      Array.isArray(value) &&
      value.length > 0 &&
      value.length <= 8 &&
      value.every((key: unknown) => typeof key === 'object' && key !== null && 'd' in key && 'kty' in key)
    if (!isList) return { problem: 'write a list of private JSON Web Keys' }
    const isNamed = value.every((key: object) => keyManagement.includes(String(Reflect.get(key, 'alg'))))
    return isNamed
      ? { value: value as readonly JsonWebKey[] }
      : { problem: `give each key its \`alg\`: ${keyManagement.join(', ')}` }
  },
}

const expiry: Kind<typeof allowMissingExpiry> = {
  fromText: undefined,
  check: (value) =>
    value === allowMissingExpiry
      ? { value: allowMissingExpiry }
      : { problem: 'leave it out, or write the symbol allowMissingExpiry of citizen-session/oidc' },
}

/** The options of `oidc({ … })`. */
export const oidcRows = {
  issuer: row<string>({
    kind: issuer,
    isRequired: true,
    meaning: 'The provider’s issuer, letter by letter as it stands in its tokens.',
  }),
  clientId: row<string>({ kind: text, isRequired: true, meaning: 'The client’s id at the provider.' }),
  clientSecret: row<string>({
    kind: textMatching(/^[^\p{Cc}]{1,1024}$/u, 'the client’s secret'),
    derived: 'none',
    meaning: 'The client’s secret; required unless `clientAuthentication` needs none.',
  }),
  clientAuthentication: row<ClientAuthentication>({
    kind: clientAuthentication,
    derived: '`client_secret_basic`, or `client_secret_post` where the provider offers only that',
    meaning:
      'How the client proves itself: `client_secret_basic`, `client_secret_post`, `none` (public client), `{ privateKey, audience }`, or a `ClientAuth` of openid-client.',
  }),
  internalUrl: row<string>({
    kind: address(checkBase, 'https://id.internal.example.gov'),
    derived: 'none',
    meaning: 'What takes the place of the issuer’s origin in calls from our servers.',
  }),
  endpointOrigins: row<readonly string[]>({
    kind: origins,
    fallback: [],
    meaning: 'Origins besides the issuer’s own on which the provider’s endpoints may lie.',
  }),
  'endpoints.authorization': row<string>({
    kind: endpoint,
    derived: 'discovery',
    meaning: 'With `token` and `jwks` given as well, nothing is discovered.',
  }),
  'endpoints.token': row<string>({ kind: endpoint, derived: 'discovery', meaning: 'The token endpoint.' }),
  'endpoints.jwks': row<string>({ kind: endpoint, derived: 'discovery', meaning: 'The provider’s keys.' }),
  'endpoints.endSession': row<string | false>({
    kind: endpointOrNone,
    derived: 'discovery',
    meaning: 'Where the browser signs out at the provider; `false`: nowhere, sign-out is local.',
  }),
  'endpoints.checkSession': row<string | false>({
    kind: endpointOrNone,
    derived: 'discovery',
    meaning: 'The provider’s `check_session_iframe`; `false`: it is not used.',
  }),
  'endpoints.revocation': row<string | false>({
    kind: endpointOrNone,
    derived: 'discovery',
    meaning: 'Where tokens are revoked (RFC 7009); `false`: they are not.',
  }),
  'endpoints.pushedAuthorization': row<string | false>({
    kind: endpointOrNone,
    derived: 'discovery',
    meaning: 'Where authorization requests are pushed (RFC 9126); `false`: they are not.',
  }),
  scope: row<string>({
    kind: textMatching(
      /^(?=(?:.* )?openid(?: |$))[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/,
      'scopes separated by single blanks, openid among them',
    ),
    fallback: 'openid',
    meaning: 'Scopes to ask for; add `offline_access` where the provider gives refresh tokens only for it.',
  }),
  responseMode: row<'query' | 'form_post'>({
    kind: choice('query', 'form_post'),
    fallback: 'query',
    meaning: 'How the provider sends the browser back.',
  }),
  prompt: row<'login' | 'consent' | 'select_account'>({
    kind: choice('login', 'consent', 'select_account'),
    derived: 'none',
    meaning: '`prompt` of every login; a new authentication is asked for with `login` in any case.',
  }),
  maxAgeSeconds: row<number>({
    kind: numberBetween(0, 31_536_000),
    derived: 'none',
    meaning: 'How old the authentication may be at a login (`max_age`); checked on return.',
  }),
  acrValues: row<readonly string[]>({
    kind: words('a list of authentication context references'),
    fallback: [],
    meaning: 'Authentication context references to ask for at every login, the preferred one first.',
  }),
  stepUpAcrValues: row<readonly string[]>({
    kind: words('a list of authentication context references'),
    fallback: [],
    meaning: 'Those to ask for where a guard wants a higher level; one of them must come back.',
  }),
  parameters: row<Readonly<Record<string, string>>>({
    kind: {
      fromText: undefined,
      check: (value, surroundings) => {
        const checked = queryParameters.check(value, surroundings)
        if ('problem' in checked) return checked
        const own = Object.keys(checked.value).find((name) => ownParameters.includes(name))
        return own === undefined ? checked : { problem: `leave out ${own}: it is set by us` }
      },
    },
    fallback: {},
    meaning: 'More parameters for the authorization request; none can override ours.',
  }),
  passedParameters: row<readonly string[]>({
    kind: words(`a list from ${passableParameters.join(', ')}`, passableParameters),
    fallback: [],
    meaning: 'Parameters that a link to our login route may pass on, such as `ui_locales`.',
  }),
  'reauthenticate.parameters': row<Readonly<Record<string, string>>>({
    kind: reauthenticateParameters,
    derived: '`prompt=login`, `max_age=1`',
    meaning:
      'What asks for a new authentication, in the place of the default; for providers that refuse `prompt=login`.',
  }),
  'reauthenticate.proof': row<'auth-time' | 'asked'>({
    kind: choice('auth-time', 'asked'),
    fallback: 'auth-time',
    meaning:
      'What proves it: an `auth_time` from the course of the login; `asked`: that it was asked for, at a provider that never says `auth_time` (with a warning).',
  }),
  assuranceLevel: row<(claims: Claims) => number>({
    kind: functionOf('a function from claims to a level'),
    derived: '2 with one of `stepUpAcrValues` or `isDidAuth`, else 1',
    meaning: 'The level of assurance that an ID token’s claims (`acr`, `amr`) stand for.',
  }),
  idTokenAlgorithms: row<readonly string[]>({
    kind: words(`a list from ${supportedAlgorithms.join(', ')}`, supportedAlgorithms),
    fallback: ['RS256'],
    meaning: 'Signature algorithms of ID tokens and logout tokens.',
  }),
  idTokenDecryptionKeys: row<readonly JsonWebKey[]>({
    kind: privateKeys,
    fallback: [],
    meaning:
      'Private keys, each with its `alg`, for encrypted ID tokens and logout tokens; with them plain ones are refused.',
  }),
  idTokenHint: row<IdTokenHint>({
    kind: choice('query', 'form', 'auto', 'none'),
    fallback: 'query',
    meaning:
      'How the hint of a sign-out travels: in the address, in a form, in a form where it is too long (`auto`), or not at all.',
  }),
  pushedAuthorization: row<'auto' | 'always' | 'never'>({
    kind: choice('auto', 'always', 'never'),
    fallback: 'auto',
    meaning: 'Whether authorization requests are pushed; `auto`: where the provider offers it.',
  }),
  clockSkewSeconds: row<number>({
    kind: numberBetween(0, 60),
    fallback: 30,
    meaning: 'How far the clocks of provider and application may be apart.',
  }),
  timeoutSeconds: row<number>({
    kind: networkSeconds,
    fallback: 5,
    meaning: 'How long one call to the provider may take.',
  }),
  'frontchannelLogout.sessionRequired': row<boolean>({
    kind: yesOrNo,
    fallback: true,
    meaning: 'Whether a front-channel logout must name the session; without it nothing is done.',
  }),
  'frontchannelLogout.cookieRequired': row<boolean>({
    kind: yesOrNo,
    fallback: false,
    meaning:
      'Whether it ends only what our cookie names; `true` where a `sid` can be guessed, as a user id or Windows SID can.',
  }),
  'frontchannelLogout.downstream': row<Downstream>({
    kind: functionOf('a function from the ended session to a list of addresses'),
    derived: 'none',
    meaning:
      'Logout addresses of clients of your own, where the application is a provider itself: shown in frames in turn.',
  }),
  'backchannelLogout.requireType': row<'logout+jwt' | 'compatible'>({
    kind: choice('logout+jwt', 'compatible'),
    fallback: 'compatible',
    meaning: '`compatible` also takes logout tokens without `typ` or with `JWT`; never another type.',
  }),
  'backchannelLogout.expiry': row<typeof allowMissingExpiry>({
    kind: expiry,
    derived: 'required',
    meaning: 'The symbol `allowMissingExpiry`, for providers that send logout tokens without `exp`.',
  }),
  'backchannelLogout.maximumLifetimeSeconds': row<number>({
    kind: numberBetween(10, 3600),
    fallback: 120,
    meaning: 'How far ahead a logout token’s `exp` may lie, and how old it may be.',
  }),
  'sessionManagement.pollSeconds': row<number>({
    kind: numberBetween(1, 3600),
    fallback: 5,
    meaning: 'How often the provider’s frame is asked.',
  }),
  'sessionManagement.followIdentity': row<boolean>({
    kind: yesOrNo,
    fallback: false,
    meaning: 'Whether the login after a change of identity needs no button of ours.',
  }),
  'sessionManagement.responseType': row<'code' | 'id_token'>({
    kind: choice('code', 'id_token'),
    fallback: 'code',
    meaning: 'The flow of the silent check; `id_token` for providers that insist on the implicit flow.',
  }),
  'sessionManagement.timeoutSeconds': row<number>({
    kind: numberBetween(1, 60),
    fallback: 10,
    meaning: 'How long a silent check in a frame may take.',
  }),
  'refresh.afterSeconds': row<number>({
    kind: numberBetween(1, 86_400),
    derived: 'half of the tokens’ life',
    meaning: 'Age of the tokens at which they are renewed.',
  }),
  'refresh.timeoutSeconds': row<number>({
    kind: networkSeconds,
    fallback: 5,
    meaning: 'How long the token endpoint may take.',
  }),
  'refresh.waitMilliseconds': row<number>({
    kind: numberBetween(0, 10_000),
    fallback: 500,
    meaning: 'How long the request that finds a refresh due waits for it.',
  }),
  'refresh.keepSeconds': row<number>({
    kind: numberBetween(0, 86_400),
    fallback: 0,
    meaning: 'How long past their expiry tokens sign somebody in while they cannot be renewed.',
  }),
  'refresh.onUnavailable': row<'keep' | 'end'>({
    kind: choice('keep', 'end'),
    fallback: 'keep',
    meaning:
      'What becomes of the session when the provider cannot be asked; `end`: it ends at once, `identity-ended`.',
  }),
}
