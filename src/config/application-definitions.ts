/** @module The options of the shared cookie, the application, its routes and what it runs on, line by line. */
import type { ActiveCitizen } from '../citizen.js'
import type { Clock } from '../clock.js'
import type { CitizenEvent } from '../events.js'
import type { Exchange } from '../exchange.js'
import type { Protocol } from '../protocols/protocol.js'
import { checkEndpoint, checkOwnOrigin } from './addresses.js'
import { cookieDomain, cookieName } from './cookie-settings.js'
import { defaults } from './defaults.js'
import { row } from './descriptor.js'
import {
  address,
  choice,
  functionOf,
  type Kind,
  listOf,
  numberBetween,
  origins,
  publicly,
  textMatching,
  yesOrNo,
} from './option-types.js'
import { protocolList } from './protocol-kind.js'
import { storeOrAddress } from './store-kind.js'

/** The longest time that any browser keeps a cookie. Source: RFC 6265bis, section 5.5. */
const fourHundredDays = 34_560_000

/** One to eight segments of plain characters, none of them a dot or two. */
const pathBelowOrigin = /^(?!.*\/\.{1,2}(\/|$))(\/[\w.~-]+){1,8}$/

/** The options besides those of the identity provider. */
const isSecret = (value: unknown): value is string =>
  typeof value === 'string' && new TextEncoder().encode(value).length >= 32

const secret: Kind<string> = {
  fromText: (text) => text,
  check: (value) =>
    isSecret(value)
      ? { value }
      : { problem: 'write 32 bytes or more, as `openssl rand -base64 32` makes them' },
}

export const applicationRows = {
  'sharedCookie.domain': row<string | false>({
    kind: cookieDomain,
    isRequired: 'shared-cookie',
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
    kind: publicly(textMatching(/^\/[!-:<-~]{0,255}$/, 'a path that begins with a slash')),
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
    kind: publicly(
      textMatching(/^[a-z0-9-]{1,32}$/, '1 to 32 lower-case letters, digits and hyphens, such as benefits'),
    ),
    isRequired: true,
    meaning:
      'Name of this application in cookies and records: 1 to 32 lower-case letters, digits and hyphens.',
  }),
  'application.url': row<string>({
    kind: address(checkOwnOrigin, 'https://benefits.example.gov'),
    isRequired: true,
    meaning: 'Origin of this application, and of every address that is built.',
  }),
  'application.path': row<string>({
    kind: publicly(
      textMatching(
        pathBelowOrigin,
        'the path that your proxy takes away: it begins with a slash and does not end with one, such as /app',
      ),
    ),
    derived: 'none',
    meaning: 'What a proxy takes away from the beginning of every path before the application sees it.',
  }),
  'application.name': row<string>({
    kind: publicly(
      textMatching(
        // Something that is seen, and nothing that is not or turns the direction of what follows; but joiners, which some
        // scripts are written with.
        /^(?!\s)(?=.*[\p{L}\p{N}\p{P}\p{S}])(?:[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|[\u200c\u200d]){1,60}(?<!\s)$/u,
        'a name of 1 to 60 characters without control or invisible characters, such as Tax Portal',
      ),
    ),
    derived: 'the host of `url`',
    meaning: 'Name of this application as its people know it: on every page that we serve, and in its title.',
  }),
  'application.logo': row<string>({
    kind: address(checkEndpoint, '/logo.svg'),
    derived: 'none',
    meaning:
      'Logo in place of the name on our pages: a path of this application or an absolute address. The name is its alternative text.',
  }),
  'application.sensitivity': row<'sensitive' | 'basic' | 'public'>({
    kind: choice('sensitive', 'basic', 'public'),
    fallback: defaults.application.sensitivity,
    meaning:
      'How private the data of this application is; decides the defaults of `idleSeconds` and `onIdle`.',
  }),
  'application.idleSeconds': row<number>({
    kind: numberBetween(1, fourHundredDays),
    derived: '600, 3600 or 28800 by `sensitivity`, at most `absoluteSeconds`',
    meaning: 'A session without activity ends after that long.',
  }),
  'application.absoluteSeconds': row<number>({
    kind: numberBetween(1, fourHundredDays),
    fallback: defaults.application.absoluteSeconds,
    meaning: 'A session ends after that long, whatever happens.',
  }),
  'application.sessionsPerPerson': row<number>({
    kind: numberBetween(1, 10_000),
    fallback: defaults.application.sessionsPerPerson,
    meaning: 'Sessions of one person that are kept; beyond it the one that was seen the longest ago ends.',
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
        isSecret(value)
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
    kind: publicly(
      textMatching(
        pathBelowOrigin,
        'a path that begins with a slash and does not end with one, such as /session',
      ),
    ),
    fallback: defaults.routes.path,
    meaning: 'Where our own routes are served, as the application sees it: without `application.path`.',
  }),
  'routes.touch': row<(exchange: Exchange) => boolean>({
    kind: functionOf('a function from the exchange to true or false'),
    derived: 'document navigations and same-origin requests',
    meaning: "Whether a request counts as the person's activity; only `true` is a yes.",
  }),
  'routes.skip': row<(exchange: Exchange) => boolean>({
    kind: functionOf('a function from the exchange to true or false'),
    derived: 'none',
    meaning: 'Requests that are left alone altogether; only `true` is a yes.',
  }),
  'routes.stylesheet': row<string>({
    kind: address(checkEndpoint, '/session-pages.css'),
    derived: 'a built-in one',
    meaning: 'Style sheet for the pages that we serve: a path of this application or an absolute address.',
  }),
  protocols: row<readonly Protocol[]>({
    kind: protocolList,
    derived: 'none',
    meaning:
      'Other ways to sign in: `oidc({ … })`, `saml({ … })`; with one, the shared cookie may be left out.',
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
  'events.personKey': row<string>({
    kind: secret,
    derived: 'none: a plain digest',
    meaning:
      'Keys the digest of a person in events; 32 bytes or more, the same in applications that are compared.',
  }),
  onEvent: row<(event: CitizenEvent) => void>({
    kind: functionOf('a function that takes an event'),
    derived: 'none',
    meaning: 'Is told every event.',
  }),
  onSignIn: row<(citizen: ActiveCitizen) => unknown>({
    kind: functionOf('a function that takes the citizen'),
    derived: 'none',
    meaning: 'Called when a session begins, before a request of it is served: until it has succeeded.',
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
