/** @module The emulator: an identity provider in a process. Alone this file knows which modes there are. */
import type { Clock } from '../clock.js'
import { CitizenSessionError } from '../errors.js'
import { createApplicationStores } from './application-stores.js'
import type { Context } from './context.js'
import { createControl } from './control.js'
import type { Controls } from './controls.js'
import { type CookieNames, toCookieHeader } from './cookies.js'
import {
  createRequestCounter,
  type EndpointName,
  endpointNames,
  type RequestCounter,
  type RequestCounts,
} from './endpoints.js'
import { createFaults, type Faults } from './faults.js'
import { createEmulatorFetch } from './fetch.js'
import { createKeyRing, type KeyRing, type RotateKeysOptions, type SignTokenOptions } from './keys.js'
import { createListener, type Listener } from './listener.js'
import type { Mode } from './mode.js'
import { createOpenidMode } from './openid/create.js'
import type { OpenidMode } from './openid/mode.js'
import type { Openid } from './openid/openid.js'
import { type OpenidOptions, resolveOpenidOptions } from './openid/options.js'
import { type RefreshAnswerShape, resolveEmulatorOptions } from './options.js'
import { createPartnerMode, type PartnerMode } from './partner/create.js'
import { type PartnerOptions, resolvePartnerOptions } from './partner/options.js'
import type { Partner } from './partner/partner.js'
import { createPeople, type EmulatedPerson, type Person } from './people.js'
import { type TokenRequest, tokenFor, totpCodeFor } from './person-tokens.js'
import type { Random } from './random.js'
import { createRouter, routesOf } from './router.js'
import { loadSamlMode } from './saml/load.js'
import type { SamlMode } from './saml/mode.js'
import { resolveSamlOptions, type SamlOptions } from './saml/options.js'
import type { Saml } from './saml/saml.js'
import { createSessions, type IdentitySession } from './sessions.js'
import { createSmsCodes, type SmsMessage } from './sms-codes.js'
import { createTime, type Time } from './time.js'

/** Options of `createEmulator`. */
export interface EmulatorOptions {
  /** Public origin, and the issuer. Default `http://id.citizen.localhost`, with the port when one is open. */
  readonly url?: string | undefined
  /** Port to listen on; 0: a free one. Without it no port is opened: use `emulator.fetch`. */
  readonly port?: number | undefined
  /** Address to listen on. Default `127.0.0.1`. */
  readonly host?: string | undefined
  /**
   * Lets `host` be an address that other machines reach: whoever reaches it signs in as anybody. Default `false`, and
   * such a `host` is refused.
   */
  readonly remote?: boolean | undefined
  /** Domain of the shared cookie. Default `citizen.localhost`; `false`: host-only. */
  readonly domain?: string | false | undefined
  /** Whether cookies are `Secure`. Default: whether `url` is https. */
  readonly secure?: boolean | undefined
  readonly clock?: Clock | undefined
  readonly random?: Random | undefined
  /** Default: ana (password), ben (SMS), cleo (TOTP), dan (Eeze). */
  readonly people?: readonly EmulatedPerson[] | undefined
  /** Life of a token. Default 1800. */
  readonly tokenSeconds?: number | undefined
  /** Life of an identity session that nobody extends. Default 3600, never less than `tokenSeconds`. */
  readonly idleSeconds?: number | undefined
  /** Absolute life of an identity session. Default 43200 (12 h). */
  readonly sessionSeconds?: number | undefined
  /** Age at which a request to the emulator itself renews the token, same `jti`. Default half of its life. */
  readonly renewAfterSeconds?: number | undefined
  /** Default `c1_header`, `c1_payload`, `c1_signature`. */
  readonly cookieNames?: Partial<CookieNames> | undefined
  /** When given, exactly these origins may be returned to. Default: the base domain and everything below it. */
  readonly allowedReturnOrigins?: readonly string[] | undefined
  /** Default `token`. */
  readonly refreshAnswer?: RefreshAnswerShape | undefined
  /** Whether a refresh accepts a token that has been renewed since. Default yes. */
  readonly acceptsOlderTokens?: boolean | undefined
  /**
   * Whether a session has one identifier: `sid` of the shared cookie's tokens, which CitizenOne's do not have, `sid` of
   * ID tokens, and the SessionIndex. Default no: each has a value of its own.
   */
  readonly sharesSessionId?: boolean | undefined
  /** `max-age` of the key set. Default 300. */
  readonly jwksMaxAgeSeconds?: number | undefined
  /**
   * Whether the control endpoints are served, to whoever reaches the port and under any name. Default: only when both
   * `host` and `url` are loopback, and only under those names.
   */
  readonly control?: boolean | undefined
  /** Iterations of PBKDF2, 1000 to 10000000. Default 1000: quick, for secrets that are public anyway. */
  readonly hashingCost?: number | undefined
  /** Makes it an OpenID provider too, for these clients. Default: it is none. */
  readonly openid?: OpenidOptions | undefined
  /** Makes it a SAML 2.0 identity provider too, for these service providers. Needs `xml-crypto`. Default: it is none. */
  readonly saml?: SamlOptions | undefined
  /** Makes it the partner too that takes SSO tokens, with a dashboard. Default: it is none. */
  readonly partner?: PartnerOptions | undefined
  /** Calls the clients' back-channel addresses. Default: the global one, which also reaches `*.localhost`. */
  readonly fetch?: typeof globalThis.fetch | undefined
  /** The timer behind the fault `slowMilliseconds`. Default: a real one. */
  readonly wait?: ((milliseconds: number) => Promise<void>) | undefined
}

/** The identity provider in a process. */
export interface Emulator {
  /** Public origin; the port of {@link Emulator.listen} is part of it unless `url` was given. */
  readonly url: string
  /** `iss` of its tokens: `url`. */
  readonly issuer: string
  /** The same emulator for servers on this machine: `http://127.0.0.1:<port>`; without a port `url`. */
  readonly internalUrl: string
  /** Domain of the shared cookie. */
  readonly domain: string | false
  readonly cookieNames: CookieNames
  /** Whether it is an OpenID provider too. */
  readonly hasOpenid: boolean
  /** Whether it is a SAML identity provider too. */
  readonly hasSaml: boolean
  /** Whether `/faults` and `/emulator/…` are served. */
  readonly hasControl: boolean
  /** Its time without a skew, travel included: give it to the application, so that both travel together. */
  readonly clock: Clock
  readonly people: readonly Pick<
    Person,
    'username' | 'name' | 'sub' | 'shownPassword' | 'secondFactor' | 'eeze'
  >[]
  /** Living identity sessions, oldest first. */
  readonly sessions: readonly IdentitySession[]
  /** The SMS that were sent, newest first. */
  readonly messages: readonly SmsMessage[]
  /** Requests by endpoint since the start or the last reset. */
  readonly requests: RequestCounts
  readonly faults: Faults
  /** The OpenID provider; reading it throws `emulator` unless the option `openid` was given. */
  readonly openid: Openid
  /** The SAML identity provider; reading it throws `emulator` unless the option `saml` was given. */
  readonly saml: Saml
  /** Whether it is a partner that takes SSO tokens too. */
  readonly hasPartner: boolean
  /** The partner; reading it throws `emulator` unless the option `partner` was given. */
  readonly partner: Partner

  /** Opens a port (default: the option's, the one it had, or a free one). Returns it. @throws `emulator` */
  listen(port?: number): Promise<number>
  /** Closes the port and cuts its connections; {@link Emulator.listen} opens the same one again. */
  close(): Promise<void>
  /** The global `fetch`'s signature; answers from the emulator, with or without a port. */
  readonly fetch: typeof globalThis.fetch
  /** The pure core. Rejects while the fault `down` is on. */
  handle(request: Request): Promise<Response>

  /** A `Cookie` header value of a person who has just signed in: a whole sign-in in a test. @throws `emulator` */
  cookiesFor(username: string, request?: TokenRequest): Promise<string>
  /** The same as a compact token. @throws `emulator` */
  tokenFor(username: string, request?: TokenRequest): Promise<string>
  /** A `Cookie` header value for any token. */
  cookieHeader(token: string): string
  /** Signs exactly these claims: for tokens that no provider should issue. */
  signToken(claims: Readonly<Record<string, unknown>>, options?: SignTokenOptions): Promise<string>
  /** What a person's authenticator app shows now. @throws `emulator` when none is enrolled. */
  totpCodeFor(username: string): Promise<string>
  /** The published key set. */
  jwks(): ReturnType<KeyRing['jwks']>
  /** Takes a new key into use and keeps the old ones published. Returns the new `kid`. */
  rotateKeys(options?: RotateKeysOptions): Promise<string>
  /** How the refresh answers from now on. */
  setRefreshAnswer(shape: RefreshAnswerShape): void
  /** Moves the emulator's clock forward. */
  travel(seconds: number): void
  /** Ends the session of this `jti`, or all of this username, at the provider. Returns how many. */
  revoke(jtiOrUsername: string): number
  /** Resolves as soon as the endpoint was asked `times` times since the start or the last reset. */
  arrived(endpoint: EndpointName, times: number): Promise<void>
  /** Forgets sessions, messages, enrolments, counters, faults and travel. Keys and the port stay. */
  reset(): void
}

/** What an emulator is made of. */
interface Parts {
  readonly context: Context
  readonly time: Time
  readonly listener: Listener
  readonly openid: OpenidMode | undefined
  readonly saml: SamlMode | undefined
  readonly partner: PartnerMode | undefined
  readonly counter: RequestCounter
  readonly handle: (request: Request) => Promise<Response>
}

/**
 * Makes an identity provider that behaves as CitizenOne's cookie mode. Opens a port only when `port` is given.
 * @throws `emulator` when an option is wrong, the port is taken, or `NODE_ENV` is `production`.
 */
export async function createEmulator(given: EmulatorOptions = {}): Promise<Emulator> {
  if (process.env.NODE_ENV?.trim() === 'production') {
    throw wrong('the emulator signs anybody in: it does not start with NODE_ENV=production')
  }
  const { openid: givenOpenid, saml: givenSaml, partner: givenPartner, ...rest } = given
  const options = resolveEmulatorOptions(rest)
  const openidOptions = givenOpenid === undefined ? undefined : resolveOpenidOptions(givenOpenid)
  const samlOptions = givenSaml === undefined ? undefined : resolveSamlOptions(givenSaml)
  const partnerOptions = givenPartner && resolvePartnerOptions(givenPartner, options.random)
  const gate = createFaults(options.wait)
  const time = createTime(options.clock, () => gate.faults.settings.skewSeconds)
  const listener = createListener(options)
  const { now } = time
  const people = createPeople(options.people, options.hashingCost)
  const keys = await createKeyRing()
  const joined: Mode[] = []
  const context: Context = {
    options,
    people,
    sessions: createSessions({ ...options, now }),
    codes: createSmsCodes({ now, random: options.random, cost: options.hashingCost }),
    keys,
    gate,
    applications: createApplicationStores(),
    url: listener.url,
    now,
    refreshAnswer: options.refreshAnswer,
    modes: joined,
  }
  const openid = openidOptions && createOpenidMode(context, openidOptions)
  const saml = samlOptions && (await loadSamlMode(context, samlOptions))
  const partner = partnerOptions && createPartnerMode(context, partnerOptions)
  const modes = [openid, saml, partner].filter((mode) => mode !== undefined)
  joined.push(...modes)
  const counter = createRequestCounter()
  const handle = createHandler({ context, listener, modes, counter, controls: () => emulator })
  const emulator = toEmulator({ context, time, listener, openid, saml, partner, counter, handle })
  if (options.port !== undefined) await emulator.listen()
  return emulator
}

interface HandlerParts extends Pick<Parts, 'context' | 'listener' | 'counter'> {
  readonly modes: readonly (OpenidMode | SamlMode | PartnerMode)[]
  readonly controls: () => Controls
}

function createHandler({ context, listener, modes, counter, controls }: HandlerParts) {
  const ownOrigins = () => [listener.internalUrl()]
  const routes = routesOf(modes)
  const control =
    context.options.control === 'off'
      ? undefined
      : createControl({
          context,
          controls,
          parts: modes.map(({ controlPart }) => controlPart),
          endpoints: endpointNames.filter((name) => routes[name]),
          ownOrigins,
        })
  const pageOrigins = () => [...ownOrigins(), ...modes.flatMap((mode) => mode.ownOrigins?.() ?? [])]
  return createRouter({ context, routes, modes, counter, ownOrigins: pageOrigins, control })
}

function toEmulator(parts: Parts): Emulator {
  const { context, time, listener, counter, handle } = parts
  const { options, people, sessions, codes, keys, gate } = context
  const { url, internalUrl } = listener
  return {
    get url() {
      return url()
    },
    get issuer() {
      return url()
    },
    get internalUrl() {
      return internalUrl()
    },
    domain: options.domain,
    cookieNames: options.cookieNames,
    hasOpenid: parts.openid !== undefined,
    hasSaml: parts.saml !== undefined,
    hasControl: options.control !== 'off',
    clock: time.clock,
    people: people.all,
    get sessions() {
      return sessions.list().map(toPublicSession)
    },
    get messages() {
      return [...codes.messages]
    },
    get requests() {
      return counter.counts
    },
    faults: gate.faults,
    get openid() {
      if (parts.openid) return parts.openid.openid
      throw wrong('this emulator is no OpenID provider: give the option openid')
    },
    get saml() {
      if (parts.saml) return parts.saml.saml
      throw wrong('this emulator is no SAML provider: give the option saml')
    },
    hasPartner: parts.partner !== undefined,
    get partner() {
      if (parts.partner) return parts.partner.partner
      throw wrong('this emulator is no partner: give the option partner')
    },
    listen: (port) => listener.listen(handle, port),
    close: listener.close,
    fetch: createEmulatorFetch({ handle, url, origins: () => [new URL(url()).origin, internalUrl()] }),
    handle,
    cookiesFor: async (username, request) =>
      toCookieHeader(await tokenFor(context, username, request), options.cookieNames),
    tokenFor: (username, request) => tokenFor(context, username, request),
    cookieHeader: (token) => toCookieHeader(token, options.cookieNames),
    signToken: keys.sign,
    totpCodeFor: (username) => totpCodeFor(context, username),
    jwks: keys.jwks,
    rotateKeys: keys.rotate,
    setRefreshAnswer(shape) {
      context.refreshAnswer = shape
    },
    travel: time.travel,
    revoke: sessions.revoke,
    arrived: counter.arrived,
    reset: () => reset(parts),
  }
}

function reset({ context, time, counter, openid, saml, partner }: Parts): void {
  context.sessions.clear()
  context.codes.clear()
  context.people.reset()
  for (const store of Object.values(context.applications)) store.clear()
  counter.clear()
  openid?.reset()
  saml?.reset()
  partner?.reset()
  context.gate.faults.clear()
  time.reset()
}

const wrong = (message: string) => new CitizenSessionError('emulator', message)

const toPublicSession = ({ jti, username, level, startedAt, expiresAt, endsAt }: IdentitySession) => ({
  jti,
  username,
  level,
  startedAt,
  expiresAt,
  endsAt,
})
