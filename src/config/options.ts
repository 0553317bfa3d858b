/** @module The options of a suite: one table, nested by layer, the same for every adapter. */
import type { ActiveCitizen } from '../citizen.js'
import type { Clock } from '../clock.js'
import type { CitizenEvent } from '../events.js'
import { type ApplicationOptions, applicationOptions } from './application-options.js'
import { type HeaderOptions, headerOptions } from './header-options.js'
import {
  type IdentityProviderOptions,
  identityProviderOptions,
  type ResolvedIdentityProvider,
} from './identity-provider-options.js'
import { type LoginOptions, loginOptions } from './login-options.js'
import { computed, defaulted, type InputOf, optional, type ResolvedOf } from './option.js'
import { functionOf, yesOrNo } from './option-types.js'
import { releaseProfile } from './profile-option.js'
import { protocolList } from './protocol-kind.js'
import { type RoutesOptions, routesOptions } from './routes-options.js'
import { secret } from './secret-kind.js'
import {
  type ResolvedSharedCookie,
  type SharedCookieOptions,
  sharedCookieOptions,
} from './shared-cookie-options.js'
import { storeOrAddress } from './store-kind.js'

/** The options of no layer: other ways to sign in, and what a suite runs on. */
export const suiteOptions = {
  /**
   * Other ways to sign in: `oidc({ … })`, `saml({ … })`; with one, the shared cookie may be left out. Default none.
   *
   * `identityProvider` and `sharedCookie` are then not given at all.
   */
  protocols: defaulted(protocolList, []),
  /** Where sessions are remembered: a store, or the address of a Redis. Default: memory. */
  store: optional(storeOrAddress),
  /** Where revocations are shared by applications that keep stores of their own. Default: `store`. */
  revocations: optional(storeOrAddress),
  /**
   * Whether plain requests are answered from memory, where the store is opened from its address; `near` in the address
   * wins. Default: what the address says, else every request reads the store.
   *
   * For `revocations` too. A store that is made in code has the setting of its own: `redisStore(client, { near: true })`.
   * What it promises and what it costs is in [operations](operations.md#near-reads).
   */
  storeNear: optional(yesOrNo),
  events: {
    /**
     * Keys the digest of a person in events; 32 bytes or more, the same in applications that are compared. Default:
     * none: a plain digest.
     *
     * Without it whoever can guess issuer and subject can tell whose events they are.
     */
    personKey: optional(secret),
  },
  /**
   * Which attributes of a person `GET profile` tells the application's own pages: `profile(claims, { userInfo, attributes })`.
   * Default: none.
   *
   * What it returns leaves as JSON of at most 4 KiB, and nothing else. What it throws is an event (`profile.failed`).
   */
  profile: optional(releaseProfile),
  /** Is told every event. Default none. */
  onEvent: optional(functionOf<(event: CitizenEvent) => void>('a function that takes an event')),
  /**
   * Called when a session begins, before a request of it is served: until it has succeeded. Default none.
   *
   * To load the local user, say. It runs until it has succeeded once, on whichever instance: at least once, so it
   * must not mind to run again, and one at a time. Requests of the same process wait for it, elsewhere they are
   * `unavailable` (503) meanwhile; while it fails they fail.
   */
  onSignIn: optional(functionOf<(citizen: ActiveCitizen) => unknown>('a function that takes the citizen')),
  /** Returns the time in milliseconds since the epoch. Default: the clock of the machine. */
  clock: computed(functionOf<Clock>('a function that returns milliseconds since the epoch')),
  /** Makes all requests to the identity provider. Default: the global `fetch`. */
  fetch: computed(functionOf<typeof globalThis.fetch>('a function such as the global fetch')),
  /** Returns that many random bytes, fit for secrets. Default: the random bytes of `node:crypto`. */
  random: computed(
    functionOf<(bytes: number) => Uint8Array>('a function that returns that many random bytes'),
  ),
} as const

/** Every option. The order is that of the documentation. */
export const optionTable = {
  identityProvider: identityProviderOptions,
  sharedCookie: sharedCookieOptions,
  application: applicationOptions,
  routes: routesOptions,
  login: loginOptions,
  header: headerOptions,
  ...suiteOptions,
} as const

/** The options of a suite. What is not given is read from the environment, then from the defaults. */
export interface SuiteOptions extends InputOf<typeof suiteOptions> {
  readonly identityProvider?: Partial<IdentityProviderOptions> | undefined
  readonly sharedCookie?: Partial<SharedCookieOptions> | undefined
  readonly application?: Partial<ApplicationOptions> | undefined
  readonly routes?: RoutesOptions | undefined
  readonly login?: LoginOptions | undefined
  readonly header?: HeaderOptions | undefined
}

/** Every option resolved: nothing is optional but what may truly be absent. */
export interface ResolvedOptions extends ResolvedOf<typeof suiteOptions> {
  /** `identityProvider.keys.rememberedTokens`, with or without a shared cookie; `undefined`: bounded by memory. */
  readonly rememberedTokens: number | undefined
  /** `undefined` where the shared cookie is not in use: then there are `protocols`. */
  readonly identityProvider: ResolvedIdentityProvider | undefined
  /** There if and only if `identityProvider` is. */
  readonly sharedCookie: ResolvedSharedCookie | undefined
  /** `path` is empty where a proxy takes nothing away. */
  readonly application: ResolvedOf<typeof applicationOptions> & {
    /** The application's start page, as the browser sees it: `/`, or `/app/`. */
    readonly startPage: string
  }
  readonly routes: Omit<ResolvedOf<typeof routesOptions>, 'path'> & {
    /** Where our own routes are, as the browser sees it: `application.path` and `routes.path` in one. */
    readonly path: string
  }
  readonly login: ResolvedOf<typeof loginOptions>
  readonly header: ResolvedOf<typeof headerOptions>
  /** Whether `protocols` was given, be it empty: providers may be added then (`suite.protocols`). */
  readonly takesProtocols: boolean
  /** Whether `application.secrets` was given: without, each process has secrets of its own. */
  readonly areSecretsGiven: boolean
  /** `NODE_ENV` is `production`. */
  readonly isProduction: boolean
  /** False only where everything runs on plain http on loopback: our own cookies then lose prefix and `Secure`. */
  readonly isSecure: boolean
}

/** The options of an application that uses the shared cookie. */
export interface ResolvedSharedCookieOptions extends ResolvedOptions {
  readonly identityProvider: ResolvedIdentityProvider
  readonly sharedCookie: ResolvedSharedCookie
}

/** Whether the shared cookie is in use. */
export function usesSharedCookie(options: ResolvedOptions): options is ResolvedSharedCookieOptions {
  return options.identityProvider !== undefined && options.sharedCookie !== undefined
}
