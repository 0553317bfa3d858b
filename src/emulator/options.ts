/** @module The options of the emulator itself, without those of its modes, and their defaults. */
import { type Clock, systemClock } from '../clock.js'
import { CitizenSessionError } from '../errors.js'
import type { CookieNames } from './cookies.js'
import { leastIterations, mostIterations } from './hashing.js'
import { loopbackFetch } from './loopback-fetch.js'
import { defaultPeople, type EmulatedPerson } from './people.js'
import { type Random, systemRandom } from './random.js'

/**
 * How a successful refresh answers. The first four: a JSON object with the new token under that name. `cookies`: the
 * three cookies as `Set-Cookie`. `empty`: a success without a token.
 */
export type RefreshAnswerShape = 'token' | 'authToken' | 'access_token' | 'jwt' | 'cookies' | 'empty'

/** The shapes of {@link RefreshAnswerShape}. */
export const refreshAnswerShapes = ['token', 'authToken', 'access_token', 'jwt', 'cookies', 'empty'] as const

/** The options with every default filled in. */
export interface ResolvedEmulatorOptions {
  readonly url: string | undefined
  readonly port: number | undefined
  readonly host: string
  readonly domain: string | false
  readonly secure: boolean
  readonly clock: Clock
  readonly random: Random
  readonly people: readonly EmulatedPerson[]
  readonly tokenSeconds: number
  readonly idleSeconds: number
  readonly sessionSeconds: number
  readonly renewAfterSeconds: number
  readonly cookieNames: CookieNames
  readonly allowedReturnOrigins: readonly string[] | undefined
  readonly refreshAnswer: RefreshAnswerShape
  readonly acceptsOlderTokens: boolean
  readonly sharesSessionId: boolean
  readonly jwksMaxAgeSeconds: number
  /** `own-hosts`: for requests that name one of our hosts; a name rebound to loopback is refused. */
  readonly control: 'off' | 'own-hosts' | 'any-host'
  readonly hashingCost: number
  readonly fetch: typeof globalThis.fetch
  readonly wait: (milliseconds: number) => Promise<void>
}

/** Options whose given form is another than the resolved one. */
interface RewrittenOptions {
  readonly remote?: boolean | undefined
  readonly cookieNames?: Partial<CookieNames> | undefined
  readonly control?: boolean | undefined
}

/** The options as they are given. */
export type GivenOptions = RewrittenOptions & {
  readonly [Name in Exclude<keyof ResolvedEmulatorOptions, keyof RewrittenOptions>]?:
    | ResolvedEmulatorOptions[Name]
    | undefined
}

/** Host of the emulator unless `url` names another. */
export const defaultHost = 'id.citizen.localhost'

const isLoopback = (host: string) => /^(localhost|.+\.localhost|127(\.\d+){3}|\[?::1\]?)$/.test(host)

const known: Readonly<Record<keyof GivenOptions, true>> = {
  url: true,
  port: true,
  host: true,
  remote: true,
  domain: true,
  secure: true,
  clock: true,
  random: true,
  people: true,
  tokenSeconds: true,
  idleSeconds: true,
  sessionSeconds: true,
  renewAfterSeconds: true,
  cookieNames: true,
  allowedReturnOrigins: true,
  refreshAnswer: true,
  acceptsOlderTokens: true,
  sharesSessionId: true,
  jwksMaxAgeSeconds: true,
  control: true,
  hashingCost: true,
  fetch: true,
  wait: true,
}

/** Fills in the defaults and checks everything. @throws `emulator` with what to write instead. */
export function resolveEmulatorOptions(options: GivenOptions): ResolvedEmulatorOptions {
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(known, name)) throw wrong(`the option "${name}" is unknown`)
  }
  const url = options.url === undefined ? undefined : toOrigin('url', options.url)
  const hostname = url === undefined ? defaultHost : new URL(url).hostname
  const domain = toDomain(options.domain ?? 'citizen.localhost', hostname)
  const tokenSeconds = seconds('tokenSeconds', options.tokenSeconds, 1800)
  const host = options.host ?? '127.0.0.1'
  if (!isLoopback(host) && options.remote !== true) {
    throw wrong(
      `host ${host} can be reached by other machines, and the emulator signs anybody in: say remote (--remote) too`,
    )
  }
  const shape = options.refreshAnswer ?? 'token'
  if (!refreshAnswerShapes.includes(shape)) {
    throw wrong(`refreshAnswer must be one of ${refreshAnswerShapes.join(', ')}`)
  }
  const port = options.port
  if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port <= 65535)) {
    throw wrong('port must be 0 to 65535')
  }
  const cost = options.hashingCost ?? leastIterations
  if (!Number.isInteger(cost) || cost < leastIterations || cost > mostIterations) {
    throw wrong(`hashingCost must be a number of iterations, ${leastIterations} to ${mostIterations}`)
  }
  const { allowedReturnOrigins } = options
  return {
    url,
    port,
    host,
    domain,
    secure: options.secure ?? url?.startsWith('https:') ?? false,
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
    people: options.people ?? defaultPeople,
    tokenSeconds,
    idleSeconds: seconds('idleSeconds', options.idleSeconds, Math.max(3600, tokenSeconds)),
    sessionSeconds: seconds('sessionSeconds', options.sessionSeconds, 43_200),
    renewAfterSeconds: seconds('renewAfterSeconds', options.renewAfterSeconds, tokenSeconds / 2),
    cookieNames: toCookieNames(options.cookieNames ?? {}),
    allowedReturnOrigins: allowedReturnOrigins?.map((origin) => toOrigin('allowedReturnOrigins', origin)),
    refreshAnswer: shape,
    acceptsOlderTokens: options.acceptsOlderTokens ?? true,
    sharesSessionId: options.sharesSessionId ?? false,
    jwksMaxAgeSeconds: seconds('jwksMaxAgeSeconds', options.jwksMaxAgeSeconds, 300),
    control: toControl(options.control, isLoopback(host) && isLoopback(hostname)),
    hashingCost: cost,
    fetch: options.fetch ?? loopbackFetch,
    wait: options.wait ?? realWait,
  }
}

const realWait = (milliseconds: number) =>
  new Promise<void>((resolve) => {
    setTimeout(resolve, milliseconds)
  })

function toControl(given: boolean | undefined, isLocal: boolean) {
  if (given === undefined) return isLocal ? 'own-hosts' : 'off'
  return given ? 'any-host' : 'off'
}

function wrong(message: string) {
  return new CitizenSessionError('emulator', `createEmulator: ${message}`)
}

function seconds(name: string, given: number | undefined, fallback: number) {
  const value = given ?? fallback
  if (!Number.isFinite(value) || value < 0) throw wrong(`${name} must be a number of seconds, 0 or more`)
  return value
}

function toOrigin(name: string, given: string) {
  const url = URL.canParse(given) ? new URL(given) : undefined
  const isOrigin =
    url && /^https?:$/.test(url.protocol) && url.pathname === '/' && url.search + url.hash === ''
  if (!url || !isOrigin || url.username + url.password !== '') {
    throw wrong(`${name} must be an origin, as in https://id.example.gov`)
  }
  return url.origin
}

function toDomain(domain: string | false, hostname: string) {
  if (domain === false) return false
  const isName = /^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(domain) && !/^[0-9.]+$/.test(domain)
  if (!isName || (hostname !== domain && !hostname.endsWith(`.${domain}`))) {
    throw wrong(`domain must be false, or a base domain of ${hostname} in lower case without a leading dot`)
  }
  return domain
}

function toCookieNames(given: Partial<CookieNames>): CookieNames {
  const names = {
    header: given.header ?? 'c1_header',
    payload: given.payload ?? 'c1_payload',
    signature: given.signature ?? 'c1_signature',
  }
  const list = Object.values(names)
  if (new Set(list).size !== 3 || !list.every((name) => /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/.test(name))) {
    throw wrong('cookieNames must be three different cookie names')
  }
  return names
}
