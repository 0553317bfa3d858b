/** @module The options of a suite: the same object for every adapter, nested by layer. */
import type { ActiveCitizen, Claims } from '../citizen.js'
import type { Clock } from '../clock.js'
import type { CitizenEvent } from '../events.js'
import type { Exchange } from '../exchange.js'
import type { Protocol } from '../protocols/protocol.js'
import type { Store } from '../stores/store.js'

/** How private an application's data is; decides how long an idle session may live. */
export type Sensitivity = 'sensitive' | 'basic' | 'public'

/** What happens when an idle session is found. */
export type OnIdle = 'reauthenticate' | 'resume' | 'end-everywhere'

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

/** The identity provider of the shared cookie: where it is, what its tokens look like, how they are renewed. */
export interface IdentityProviderOptions {
  /** Origin (and path prefix) of the identity provider, as in `https://id.example.gov`. */
  readonly url: string
  /** The same provider as our servers reach it. Default `url`. */
  readonly internalUrl?: string | undefined
  /** What `iss` must be. Default `url`. */
  readonly issuer?: string | readonly string[] | undefined
  /** What `aud` must contain; without it a token that has an `aud` is refused. */
  readonly audience?: string | undefined
  /** Default `['RS256']`. */
  readonly algorithms?: readonly string[] | undefined
  /** Each a path below `url` or an absolute URL. */
  readonly endpoints?:
    | {
        readonly jwks?: string | undefined
        readonly refresh?: string | undefined
        readonly login?: string | undefined
        readonly logout?: string | undefined
        readonly secondFactor?: string | undefined
      }
    | undefined
  /** The claim that names the IdP's session. Default `jti`. */
  readonly sessionClaim?: string | undefined
  /** Boolean claims that must be there. Default `['mfaRequired', 'isMfa', 'isDidAuth']`. */
  readonly kindClaims?: readonly string[] | undefined
  readonly acceptedClaims?: readonly string[] | undefined
  /** Query parameter in which login and logout take the address to return to. Default `returnTo`. */
  readonly returnParameter?: string | undefined
  /** Query parameters that ask the login for a new authentication. Default `{ prompt: 'login' }`. */
  readonly reauthenticateParameters?: Readonly<Record<string, string>> | undefined
  readonly refresh?:
    | {
        /** Age of the token at which it is refreshed. Default half of its life. */
        readonly afterSeconds?: number | undefined
        /** Default 5. */
        readonly timeoutSeconds?: number | undefined
        /** How long the request that refreshes waits for the answer. Default 500. */
        readonly waitMilliseconds?: number | undefined
        /** Default `keep`: until `exp`. */
        readonly onUnavailable?: 'keep' | 'end' | undefined
        readonly readAnswer?: ((response: RefreshResponse) => RefreshAnswer) | undefined
      }
    | undefined
  /** Default 30, at most 60. */
  readonly clockSkewSeconds?: number | undefined
  /** Default: 2 with `isDidAuth`, else 1. What is no finite number counts as 0, which meets no demand. */
  readonly assuranceLevel?: ((claims: Claims) => number) | undefined
  readonly keys?:
    | {
        /** Least time between two fetches for keys that are not known. Default 30. */
        readonly coolDownSeconds?: number | undefined
        /** A set is kept at least that long, whatever its headers say. Default 60. */
        readonly floorSeconds?: number | undefined
        /** A set is fetched anew after that long at the latest. Default 900. */
        readonly ceilingSeconds?: number | undefined
        /** How long the last good set verifies while the endpoint cannot be reached. Default 86400. */
        readonly staleSeconds?: number | undefined
        /** Default 5. */
        readonly timeoutSeconds?: number | undefined
        /**
         * Verified tokens, sessions of OpenID Connect or SAML, and hints that a process remembers at most, each: what was
         * used lately stays. Default: bounded by memory, to a quarter, an eighth and a 64th of what the process may use.
         */
        readonly rememberedTokens?: number | undefined
      }
    | undefined
}

/** The three cookies of the identity provider’s token, as it sets them. */
export interface SharedCookieOptions {
  /** The base domain of all applications; `false` where the IdP shares our very host. */
  readonly domain: string | false
  /** Default `c1_header`, `c1_payload`, `c1_signature`. */
  readonly names?:
    | {
        readonly header?: string | undefined
        readonly payload?: string | undefined
        readonly signature?: string | undefined
      }
    | undefined
  /** Default `/`. */
  readonly path?: string | undefined
  /** Default `lax`. */
  readonly sameSite?: 'strict' | 'lax' | 'none' | undefined
  /** Whether a refreshed cookie outlives the browser (Max-Age until `exp`). Default no. */
  readonly persistent?: boolean | undefined
}

/** What this application is, and how long its sessions last. */
export interface ApplicationOptions {
  /** `[a-z0-9-]{1,32}`; part of cookie names and record keys. */
  readonly id: string
  /** The origin of every URL that is built, as in `https://benefits.example.gov`. */
  readonly url: string
  /**
   * What a proxy takes away from the beginning of every path, as in `/app`: browsers see `/app/session`, the
   * application sees `/session`. Default none.
   */
  readonly path?: string | undefined
  /**
   * Name of this application as its people know it, as in `Tax Portal`: on every page that we serve and in its title. 1
   * to 60 characters, none of them a control character. Default: the host of `url`.
   */
  readonly name?: string | undefined
  /**
   * Address of a logo, shown on our pages in place of the name, which is its alternative text: a path of this
   * application or an absolute https address. Default none.
   */
  readonly logo?: string | undefined
  /** Default `sensitive`. */
  readonly sensitivity?: Sensitivity | undefined
  /** Default from `sensitivity`: 600, 3600, 28800. */
  readonly idleSeconds?: number | undefined
  /** Default 43200 (12 h). */
  readonly absoluteSeconds?: number | undefined
  /** Sessions of one person that are kept; beyond it the one that was seen the longest ago ends. Default 200. */
  readonly sessionsPerPerson?: number | undefined
  /** Default `reauthenticate` for `sensitive`, else `resume`. */
  readonly onIdle?: OnIdle | undefined
  /** Origins besides our own that `returnTo` may name. Default none. */
  readonly returnOrigins?: readonly string[] | undefined
  /** Newest first, 32 bytes or more each. Required with a shared store; else random for the life of the process. */
  readonly secrets?: readonly string[] | undefined
}

/** The routes that are served, and which requests count as activity. */
export interface RoutesOptions {
  /** Where our own routes are served, as the application sees it: without `application.path`. Default `/session`. */
  readonly path?: string | undefined
  /** Whether a request counts as the person's activity, instead of the default rule. */
  readonly touch?: ((exchange: Exchange) => boolean) | undefined
  /** Requests that the middleware leaves alone altogether. Default none. */
  readonly skip?: ((exchange: Exchange) => boolean) | undefined
  /** Address of a style sheet for the pages that we serve, instead of the built-in one. */
  readonly stylesheet?: string | undefined
}

/** The options of a suite. What is not given is read from the environment, then from the defaults. */
export interface SuiteOptions {
  readonly identityProvider?: Partial<IdentityProviderOptions> | undefined
  readonly sharedCookie?: Partial<SharedCookieOptions> | undefined
  readonly application?: Partial<ApplicationOptions> | undefined
  readonly routes?: RoutesOptions | undefined
  /**
   * Other ways to sign in: `oidc({ … })`, `saml({ … })`. With at least one, the shared cookie may be left out:
   * `identityProvider` and `sharedCookie` are then not given at all.
   */
  readonly protocols?: readonly Protocol[] | undefined
  /** A store, or the address of a Redis (`redis://…`). Default: memory. */
  readonly store?: Store | string | undefined
  /** Where revocations are shared by applications that keep their own store. Default: the store. */
  readonly revocations?: Store | string | undefined
  readonly events?:
    | {
        /**
         * Keys the digest of a person in events: without it whoever can guess issuer and subject can tell whose events
         * they are. 32 bytes or more. Default none.
         */
        readonly personKey?: string | undefined
      }
    | undefined
  readonly onEvent?: ((event: CitizenEvent) => void) | undefined
  /**
   * Called when a session begins, before a request of it is served: to load the local user, say. It runs until it has
   * succeeded once, on whichever instance: at least once, so it must not mind to run again, and one at a time. Requests
   * of the same process wait for it, elsewhere they are `unavailable` (503) meanwhile; while it fails they fail.
   */
  readonly onSignIn?: ((citizen: ActiveCitizen) => unknown) | undefined
  readonly clock?: Clock | undefined
  readonly fetch?: typeof globalThis.fetch | undefined
  /** Returns that many random bytes. */
  readonly random?: ((bytes: number) => Uint8Array) | undefined
}

/** The options of the identity provider, resolved. */
export interface ResolvedIdentityProvider {
  readonly url: string
  readonly internalUrl: string
  readonly issuers: readonly string[]
  readonly audience: string | undefined
  readonly algorithms: readonly string[]
  /** Absolute. `jwks` and `refresh` are below `internalUrl`, the others below `url`, unless given absolutely. */
  readonly endpoints: {
    readonly jwks: string
    readonly refresh: string
    readonly login: string
    readonly logout: string
    readonly secondFactor: string
  }
  readonly sessionClaim: string
  readonly kindClaims: readonly string[]
  readonly acceptedClaims: readonly string[]
  readonly returnParameter: string
  readonly reauthenticateParameters: Readonly<Record<string, string>>
  readonly refresh: {
    /** `undefined`: half of the token's life. */
    readonly afterSeconds: number | undefined
    readonly timeoutSeconds: number
    readonly waitMilliseconds: number
    readonly onUnavailable: 'keep' | 'end'
    readonly readAnswer: ((response: RefreshResponse) => RefreshAnswer) | undefined
  }
  readonly clockSkewSeconds: number
  readonly assuranceLevel: (claims: Claims) => number
  readonly keys: {
    readonly coolDownSeconds: number
    readonly floorSeconds: number
    readonly ceilingSeconds: number
    readonly staleSeconds: number
    readonly timeoutSeconds: number
    /** `undefined`: bounded by memory. */
    readonly rememberedTokens: number | undefined
  }
}

/** The options of the shared cookie, resolved. */
export interface ResolvedSharedCookie {
  readonly domain: string | false
  readonly names: { readonly header: string; readonly payload: string; readonly signature: string }
  readonly path: string
  readonly sameSite: 'strict' | 'lax' | 'none'
  readonly persistent: boolean
}

/** Every option resolved: nothing is optional but what may truly be absent. */
export interface ResolvedOptions {
  /** `identityProvider.keys.rememberedTokens`, with or without a shared cookie; `undefined`: bounded by memory. */
  readonly rememberedTokens: number | undefined
  /** `undefined` where the shared cookie is not in use: then there are `protocols`. */
  readonly identityProvider: ResolvedIdentityProvider | undefined
  /** There if and only if `identityProvider` is. */
  readonly sharedCookie: ResolvedSharedCookie | undefined
  readonly protocols: readonly Protocol[]
  readonly application: {
    readonly id: string
    /** An origin, without a trailing slash. */
    readonly url: string
    /** What a proxy takes away, as in `/app`; empty: nothing. */
    readonly path: string
    /** The application's start page, as the browser sees it: `/`, or `/app/`. */
    readonly startPage: string
    readonly name: string
    readonly logo: string | undefined
    readonly sensitivity: Sensitivity
    readonly idleSeconds: number
    readonly absoluteSeconds: number
    readonly sessionsPerPerson: number
    readonly onIdle: OnIdle
    readonly returnOrigins: readonly string[]
    /** At least one. */
    readonly secrets: readonly string[]
  }
  readonly routes: {
    /** Where our own routes are, as the browser sees it: `application.path` and `routes.path` in one. */
    readonly path: string
    readonly touch: ((exchange: Exchange) => boolean) | undefined
    readonly skip: ((exchange: Exchange) => boolean) | undefined
    readonly stylesheet: string | undefined
  }
  /** `NODE_ENV` is `production`. */
  readonly isProduction: boolean
  /** False only where everything runs on plain http on loopback: our own cookies then lose prefix and `Secure`. */
  readonly isSecure: boolean
  readonly store: Store | string | undefined
  readonly revocations: Store | string | undefined
  readonly events: { readonly personKey: string | undefined }
  readonly onEvent: ((event: CitizenEvent) => void) | undefined
  readonly onSignIn: ((citizen: ActiveCitizen) => unknown) | undefined
  readonly clock: Clock
  readonly fetch: typeof globalThis.fetch
  readonly random: (bytes: number) => Uint8Array
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
