/** @module The table of all options: what each is, how it is read and checked, its default and its meaning. */
import type { Claims } from '../citizen.js'
import type { Clock } from '../clock.js'
import type { CitizenEvent } from '../events.js'
import type { Exchange } from '../exchange.js'
import { checkBase, checkEndpoint, checkOrigin } from './addresses.js'
import { cookieDomain, cookieName } from './cookie-settings.js'
import { defaults } from './defaults.js'
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
} from './kinds.js'
import type { RefreshAnswer, RefreshResponse } from './options.js'
import { storeOrAddress } from './store-kind.js'

/** One line of the table. */
export interface Descriptor<T> {
  readonly kind: Kind<T>
  /** What it means, in one sentence. */
  readonly meaning: string
  /** Used when neither code nor environment gives a value. */
  readonly fallback?: T
  /** The default in words, where it follows from something else. */
  readonly derived?: string
  readonly isRequired?: true
}

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
]

const fourHundredDays = 34_560_000
const claimName = textMatching(/^[\w:/.#~-]{1,128}$/, 'the name of a claim, such as jti')
const idp = defaults.identityProvider
const row = <T>(descriptor: Descriptor<T>): Descriptor<T> => descriptor
const seconds = (least: number, most: number) => numberBetween(least, most)
const networkSeconds = numberBetween(0.05, 60, true)

/** Every option by its path. The order is that of the documentation. */
export const schema = {
  'identityProvider.url': row<string>({
    kind: address(checkBase, 'https://id.example.gov'),
    isRequired: true,
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
    meaning: 'Query parameters that ask the login for a new authentication; a query string in the variable.',
  }),
  'identityProvider.refresh.afterSeconds': row<number>({
    kind: seconds(1, 86_400),
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
    kind: seconds(0, 60),
    fallback: idp.clockSkewSeconds,
    meaning: "How far the identity provider's clock may be off.",
  }),
  'identityProvider.assuranceLevel': row<(claims: Claims) => number>({
    kind: functionOf('a function from the claims to a number'),
    derived: '2 with `isDidAuth`, else 1',
    meaning: 'Says which assurance level the claims amount to.',
  }),
  'identityProvider.keys.coolDownSeconds': row<number>({
    kind: seconds(1, 3_600),
    fallback: idp.keys.coolDownSeconds,
    meaning: 'Least time between two fetches for keys that are not known.',
  }),
  'identityProvider.keys.floorSeconds': row<number>({
    kind: seconds(1, 86_400),
    fallback: idp.keys.floorSeconds,
    meaning: 'A key set is kept at least that long, but never longer than `ceilingSeconds`.',
  }),
  'identityProvider.keys.ceilingSeconds': row<number>({
    kind: seconds(1, 86_400),
    fallback: idp.keys.ceilingSeconds,
    meaning: 'A key set is fetched anew after that long at the latest.',
  }),
  'identityProvider.keys.staleSeconds': row<number>({
    kind: seconds(0, 604_800),
    fallback: idp.keys.staleSeconds,
    meaning: 'How long the last good key set goes on verifying while a new one cannot be fetched.',
  }),
  'identityProvider.keys.timeoutSeconds': row<number>({
    kind: networkSeconds,
    fallback: idp.keys.timeoutSeconds,
    meaning: 'How long an answer of the key endpoint is waited for.',
  }),
  'sharedCookie.domain': row<string | false>({
    kind: cookieDomain,
    isRequired: true,
    meaning:
      'The base domain of all applications, or `false` where the identity provider shares our very host.',
  }),
  'sharedCookie.names.header': row<string>({
    kind: cookieName,
    fallback: defaults.sharedCookie.names.header,
    meaning: "Cookie with the token's header.",
  }),
  'sharedCookie.names.payload': row<string>({
    kind: cookieName,
    fallback: defaults.sharedCookie.names.payload,
    meaning: "Cookie with the token's payload, readable by scripts.",
  }),
  'sharedCookie.names.signature': row<string>({
    kind: cookieName,
    fallback: defaults.sharedCookie.names.signature,
    meaning: "Cookie with the token's signature.",
  }),
  'sharedCookie.path': row<string>({
    kind: textMatching(/^\/[!-:<-~]{0,255}$/, 'a path that begins with a slash'),
    fallback: defaults.sharedCookie.path,
    meaning: 'Path of the shared cookies, as the identity provider sets them.',
  }),
  'sharedCookie.sameSite': row<'strict' | 'lax' | 'none'>({
    kind: choice('strict', 'lax', 'none'),
    fallback: defaults.sharedCookie.sameSite,
    meaning: 'SameSite of the shared cookies, as the identity provider sets them.',
  }),
  'sharedCookie.persistent': row<boolean>({
    kind: yesOrNo,
    fallback: defaults.sharedCookie.persistent,
    meaning: 'Whether a refreshed shared cookie outlives the browser, until `exp`.',
  }),
  'application.id': row<string>({
    kind: textMatching(
      /^[a-z0-9-]{1,32}$/,
      '1 to 32 lower-case letters, digits and hyphens, such as benefits',
    ),
    isRequired: true,
    meaning:
      'Name of this application in cookies and records: 1 to 32 lower-case letters, digits and hyphens.',
  }),
  'application.url': row<string>({
    kind: address(checkOrigin, 'https://benefits.example.gov'),
    isRequired: true,
    meaning: 'Origin of this application, and of every address that is built.',
  }),
  'application.sensitivity': row<'sensitive' | 'basic' | 'public'>({
    kind: choice('sensitive', 'basic', 'public'),
    fallback: defaults.application.sensitivity,
    meaning:
      'How private the data of this application is; decides the defaults of `idleSeconds` and `onIdle`.',
  }),
  'application.idleSeconds': row<number>({
    kind: seconds(1, fourHundredDays),
    derived: '600, 3600 or 28800 by `sensitivity`, at most `absoluteSeconds`',
    meaning: 'A session without activity ends after that long.',
  }),
  'application.absoluteSeconds': row<number>({
    kind: seconds(1, fourHundredDays),
    fallback: defaults.application.absoluteSeconds,
    meaning: 'A session ends after that long, whatever happens.',
  }),
  'application.onIdle': row<'reauthenticate' | 'resume' | 'end-everywhere'>({
    kind: choice('reauthenticate', 'resume', 'end-everywhere'),
    derived: '`reauthenticate` for `sensitive`, else `resume`',
    meaning:
      'What an idle session needs to go on: a new authentication, a visit to the login, or it ends everywhere.',
  }),
  'application.returnOrigins': row<readonly string[]>({
    kind: origins,
    fallback: defaults.application.returnOrigins,
    meaning: 'Origins besides our own that a login or logout may return to.',
  }),
  'application.secrets': row<readonly string[]>({
    kind: listOf(
      (value) =>
        typeof value === 'string' && new TextEncoder().encode(value).length >= 32
          ? { value }
          : {
              problem:
                'write secrets of 32 bytes or more each, newest first, as `openssl rand -base64 32` makes one',
            },
      { least: 1, most: 16, hint: 'a list of 1 to 16 secrets of 32 bytes or more each, newest first' },
    ),
    derived: 'random for the life of the process; required with a shared store',
    meaning: 'Seal what leaves the process, newest first, 32 bytes or more each.',
  }),
  'routes.path': row<string>({
    kind: textMatching(
      /^(?!.*\/\.{1,2}(\/|$))(\/[\w.~-]+){1,8}$/,
      'a path that begins with a slash and does not end with one, such as /session',
    ),
    fallback: defaults.routes.path,
    meaning: 'Where our own routes are served, as the browser sees it.',
  }),
  'routes.touch': row<(exchange: Exchange) => boolean>({
    kind: functionOf('a function from the exchange to true or false'),
    derived: 'document navigations and same-origin requests',
    meaning: "Whether a request counts as the person's activity.",
  }),
  'routes.skip': row<(exchange: Exchange) => boolean>({
    kind: functionOf('a function from the exchange to true or false'),
    derived: 'none',
    meaning: 'Requests that are left alone altogether.',
  }),
  'routes.stylesheet': row<string>({
    kind: address(checkEndpoint, '/session-pages.css'),
    derived: 'a built-in one',
    meaning: 'Style sheet for the pages that we serve: a path of this application or an absolute address.',
  }),
  store: row({
    kind: storeOrAddress,
    derived: 'memory',
    meaning: 'Where sessions are remembered: a store, or the address of a Redis.',
  }),
  revocations: row({
    kind: storeOrAddress,
    derived: '`store`',
    meaning: 'Where revocations are shared by applications that keep stores of their own.',
  }),
  onEvent: row<(event: CitizenEvent) => void>({
    kind: functionOf('a function that takes an event'),
    derived: 'none',
    meaning: 'Is told every event.',
  }),
  clock: row<Clock>({
    kind: functionOf('a function that returns milliseconds since the epoch'),
    derived: 'the clock of the machine',
    meaning: 'Returns the time in milliseconds since the epoch.',
  }),
  fetch: row<typeof globalThis.fetch>({
    kind: functionOf('a function such as the global fetch'),
    derived: 'the global `fetch`',
    meaning: 'Makes all requests to the identity provider.',
  }),
  random: row<(bytes: number) => Uint8Array>({
    kind: functionOf('a function that returns that many random bytes'),
    derived: 'the random bytes of `node:crypto`',
    meaning: 'Returns that many random bytes, fit for secrets.',
  }),
} as const

export type Schema = typeof schema
/** The path of an option. */
export type OptionPath = keyof Schema
/** The checked value of an option. */
export type OptionValue<P extends OptionPath> = Schema[P] extends Descriptor<infer T> ? T : never
