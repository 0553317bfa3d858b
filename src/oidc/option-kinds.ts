/** @module The kinds of values that only the options of `oidc({ … })` have. */
import { checkAbsolute, checkAddress } from '../config/addresses.js'
import {
  address,
  jsonInText,
  type Kind,
  listOf,
  queryParameters,
  textMatching,
} from '../config/option-types.js'
import { claimsOfIdTokens } from './claim-names.js'
import { keyManagement, type PrivateJsonWebKey } from './signed-token.js'

/**
 * Accepts logout tokens without `exp`, as providers from before errata 1 send them: then only their `iat` and the
 * replay memory limit how long a stolen one is of use. A symbol, so that it stands out where it is used.
 * Source: `BCL-11`; OpenID Connect Back-Channel Logout 1.0 errata 1, section 2.4.
 */
export const allowMissingExpiry: unique symbol = Symbol('allowMissingExpiry')

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

/** A text without blanks. */
export const text = textMatching(/^[^\s\p{Cc}]{1,512}$/u, 'a text without blanks')

/** An issuer, which is an address. */
export const issuer: Kind<string> = {
  fromText: (text) => text,
  check: (value, surroundings) => {
    const checked = checkAddress(value, surroundings, 'https://id.example.gov')
    if ('problem' in checked) return checked
    const [known] = String(value).split('/.well-known/')
    if (known !== value) return { problem: `write the issuer, without /.well-known/…: ${known}` }
    if (checked.value.search !== '') return { problem: 'write the issuer without a query' }
    // Letter by letter as in the tokens: a slash at the end is part of the name.
    return { value: String(value) }
  },
}

/** An endpoint of the provider. */
export const endpoint = address(checkAbsolute, 'https://id.example.gov/connect/token')

/** An endpoint, or `false`: it is not used. */
export const endpointOrNone: Kind<string | false> = {
  fromText: (text) => (text === 'false' ? false : text),
  check: (value, surroundings) => (value === false ? { value } : endpoint.check(value, surroundings)),
}

/** A list of words, where there are `allowed` ones only of them. */
export const words = (hint: string, allowed?: readonly string[]): Kind<readonly string[]> =>
  listOf(
    (value) =>
      typeof value === 'string' &&
      /^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/.test(value) &&
      (allowed?.includes(value) ?? true)
        ? { value }
        : { problem: `write ${hint}` },
    { least: 1, most: 16, hint },
  )

/** Names of claims that UserInfo may add. */
export const claimNames: Kind<readonly string[]> = listOf(
  (value) => {
    if (typeof value !== 'string' || !/^[^\s,\p{Cc}]{1,256}$/u.test(value))
      return { problem: 'write names of claims' }
    return claimsOfIdTokens.has(value)
      ? { problem: `leave out ${value}: only the ID token says it` }
      : { value }
  },
  { least: 0, most: 64, hint: 'a list of at most 64 claim names' },
)

/** Parameters none of which is ours. */
export const foreignParameters: Kind<Readonly<Record<string, string>>> = {
  fromText: queryParameters.fromText,
  check: (value, surroundings) => {
    const checked = queryParameters.check(value, surroundings)
    if ('problem' in checked) return checked
    const own = Object.keys(checked.value).find((name) => ownParameters.includes(name))
    return own === undefined ? checked : { problem: `leave out ${own}: it is set by us` }
  },
}

/** Of our own parameters those that ask for a new authentication; `none` asks for nothing. */
export const reauthenticateParameters: Kind<Readonly<Record<string, string>>> = {
  fromText: queryParameters.fromText,
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

/** Private keys, each with its `alg`; a JSON Web Key Set in a variable. */
export const privateKeys: Kind<readonly PrivateJsonWebKey[]> = {
  fromText: (text) => {
    const value = jsonInText(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Reflect.get(value, 'keys')
      : value
  },
  isInFile: true,
  check: (value) => {
    const isList =
      Array.isArray(value) &&
      value.length > 0 &&
      value.length <= 8 &&
      value.every((key: unknown) => typeof key === 'object' && key !== null && 'd' in key && 'kty' in key)
    if (!isList) return { problem: 'write a list of private JSON Web Keys; in a variable a JSON Web Key Set' }
    const isNamed = value.every((key: object) => keyManagement.includes(String(Reflect.get(key, 'alg'))))
    return isNamed
      ? { value: value as readonly PrivateJsonWebKey[] }
      : { problem: `give each key its \`alg\`: ${keyManagement.join(', ')}` }
  },
}

/** The symbol that gives up the expiry of logout tokens. */
export const expiry: Kind<typeof allowMissingExpiry> = {
  fromText: undefined,
  check: (value) =>
    value === allowMissingExpiry
      ? { value: allowMissingExpiry }
      : { problem: 'leave it out, or write the symbol allowMissingExpiry of citizen-session/oidc' },
}
