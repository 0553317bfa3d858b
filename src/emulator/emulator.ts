/** @module The emulator: an identity provider in a process. */
import type { Clock } from '../clock.js'
import { CitizenSessionError } from '../errors.js'
import { type Context, issueToken } from './context.js'
import { createControl } from './control.js'
import { type CookieNames, toCookieHeader } from './cookies.js'
import { createRequestCounter, type EndpointName, type RequestCounts } from './endpoints.js'
import { createFaults, type Faults } from './faults.js'
import { createEmulatorFetch } from './fetch.js'
import { createKeyRing, type KeyRing, type RotateKeysOptions, type SignTokenOptions } from './keys.js'
import { createOpenidMode } from './openid/create.js'
import type { Openid } from './openid/openid.js'
import {
  defaultHost,
  type EmulatorOptions,
  type RefreshAnswerShape,
  resolveEmulatorOptions,
} from './options.js'
import { createPeople, type Person } from './people.js'
import { createRouter } from './router.js'
import { loadSamlMode } from './saml/load.js'
import type { Saml } from './saml/saml.js'
import { openServer, type RunningServer } from './server.js'
import { createSessions, type IdentitySession, type Level } from './sessions.js'
import { createSmsCodes, type SmsMessage } from './sms-codes.js'
import { totpCode } from './totp.js'

/** Which token to make for a person. */
export interface TokenRequest {
  /** Default: all that the person has (Eeze, else the second factor, else the password). */
  readonly level?: Level | undefined
  /** `jti` of a living session of this person: its next token, instead of a new session. */
  readonly session?: string | undefined
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

/**
 * Makes an identity provider that behaves as CitizenOne's cookie mode. Opens a port only when `port` is given.
 * @throws `emulator` when an option is wrong, the port is taken, or `NODE_ENV` is `production`.
 */
export async function createEmulator(given: EmulatorOptions = {}): Promise<Emulator> {
  if (process.env.NODE_ENV?.trim() === 'production') {
    throw new CitizenSessionError(
      'emulator',
      'the emulator signs anybody in: it does not start with NODE_ENV=production',
    )
  }
  const options = resolveEmulatorOptions(given)
  let travelled = 0
  let server: RunningServer | undefined
  let lastPort = options.port

  const gate = createFaults(options.wait)
  const clock = () => options.clock() + travelled
  const now = () => clock() + gate.faults.settings.skewSeconds * 1000
  const port = () => server?.port ?? (lastPort === 0 ? undefined : lastPort)
  function url() {
    if (options.url !== undefined) return options.url
    const at = port()
    return at === undefined || at === 80 ? `http://${defaultHost}` : `http://${defaultHost}:${at}`
  }
  const internalUrl = () => {
    const at = port()
    return at === undefined ? url() : `http://127.0.0.1:${at}`
  }
  const [people, keys] = await Promise.all([
    createPeople(options.people, options.hashingCost),
    createKeyRing(),
  ])
  const sessions = createSessions({ ...options, now })
  const codes = createSmsCodes({ now, random: options.random, cost: options.hashingCost })
  const context: Context = {
    options,
    people,
    sessions,
    codes,
    keys,
    gate,
    url,
    now,
    refreshAnswer: options.refreshAnswer,
  }
  if (options.openid) context.openid = createOpenidMode(context, options.openid)
  if (options.saml) context.saml = await loadSamlMode(context, options.saml)
  const counter = createRequestCounter()
  const ownOrigins = () => [internalUrl()]
  const control =
    options.control !== 'off' ? createControl({ context, controls: () => emulator, ownOrigins }) : undefined
  const handle = createRouter({ context, counter, ownOrigins, control })

  function person(username: string) {
    const found = people.find(username)
    if (found) return found
    const names = people.all.map((one) => one.username).join(', ')
    throw new CitizenSessionError('emulator', `nobody is called "${username}" here; there are ${names}`)
  }
  async function tokenFor(username: string, { level, session: jti }: TokenRequest = {}) {
    const someone = person(username)
    if (jti === undefined) {
      const best = someone.eeze ? 'did' : someone.secondFactor ? 'mfa' : 'password'
      return issueToken(context, sessions.begin(username, level ?? best), someone)
    }
    const session = sessions.find(jti)
    if (session?.username !== username) {
      throw new CitizenSessionError('emulator', `"${username}" has no living session of that jti`)
    }
    if (level !== undefined) session.level = level
    return issueToken(context, session, someone)
  }
  async function listen(wanted?: number) {
    if (server) return server.port
    server = await openServer(handle, { host: options.host, port: wanted ?? lastPort ?? 0 })
    lastPort = server.port
    return server.port
  }
  const emulator: Emulator = {
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
    hasOpenid: options.openid !== undefined,
    hasSaml: options.saml !== undefined,
    hasControl: control !== undefined,
    clock,
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
      if (context.openid) return context.openid.openid
      throw new CitizenSessionError('emulator', 'this emulator is no OpenID provider: give the option openid')
    },
    get saml() {
      if (context.saml) return context.saml.saml
      throw new CitizenSessionError('emulator', 'this emulator is no SAML provider: give the option saml')
    },
    listen,
    async close() {
      const open = server
      server = undefined
      await open?.close()
    },
    fetch: createEmulatorFetch({ handle, url, origins: () => [new URL(url()).origin, internalUrl()] }),
    handle,
    cookiesFor: async (username, request) =>
      toCookieHeader(await tokenFor(username, request), options.cookieNames),
    tokenFor,
    cookieHeader: (token) => toCookieHeader(token, options.cookieNames),
    signToken: keys.sign,
    async totpCodeFor(username) {
      const { totpSecret } = person(username)
      if (totpSecret !== undefined) return totpCode(totpSecret, now())
      throw new CitizenSessionError('emulator', `"${username}" has no authenticator app`)
    },
    jwks: keys.jwks,
    rotateKeys: keys.rotate,
    setRefreshAnswer(shape) {
      context.refreshAnswer = shape
    },
    travel(seconds) {
      if (!Number.isFinite(seconds))
        throw new CitizenSessionError('emulator', 'travel: seconds must be a number')
      travelled += seconds * 1000
    },
    revoke: sessions.revoke,
    arrived: counter.arrived,
    reset() {
      sessions.clear()
      codes.clear()
      people.reset()
      counter.clear()
      context.openid?.reset()
      context.saml?.reset()
      gate.faults.clear()
      travelled = 0
    },
  }
  if (options.port !== undefined) await listen()
  return emulator
}

const toPublicSession = ({ jti, username, level, startedAt, expiresAt, endsAt }: IdentitySession) => ({
  jti,
  username,
  level,
  startedAt,
  expiresAt,
  endsAt,
})
