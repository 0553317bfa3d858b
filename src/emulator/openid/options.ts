/** @module The options of the OpenID provider mode, and their defaults. */
import { CitizenSessionError } from '../../errors.js'
import type { Level } from '../sessions.js'
import { type OpenidClient, type RegisteredClient, registerClients } from './clients.js'

/** Option `openid` of `createEmulator`. */
export interface OpenidOptions {
  /** At least one, unless clients may register themselves. */
  readonly clients: readonly OpenidClient[]
  /** Whether clients may register themselves (`POST /register`; RFC 7591, RFC 7592). Default no. */
  readonly registration?: boolean | undefined
  /** The token that a registration must bring. Default: none, anybody may register. */
  readonly initialAccessToken?: string | undefined
  /** Life of an authorization code. Default 60. */
  readonly codeSeconds?: number | undefined
  /** Life of an access token (`expires_in`). Default 600. */
  readonly accessTokenSeconds?: number | undefined
  /** Life of an id_token. Default 600. */
  readonly idTokenSeconds?: number | undefined
  /** Life of a refresh token that is not used. Default 86400. */
  readonly refreshTokenSeconds?: number | undefined
  /** Default `opaque`; `jwt`: RFC 9068, for the audience of the emulator itself. */
  readonly accessTokenFormat?: 'opaque' | 'jwt' | undefined
  /** Whether each refresh gives a new refresh token, and the old one counts as stolen. Default yes. */
  readonly rotatesRefreshTokens?: boolean | undefined
  /** `acr` of each level. Default `urn:emulator:password`, `urn:emulator:mfa`, `urn:emulator:did`. */
  readonly acrValues?: Readonly<Partial<Record<Level, string>>> | undefined
  /** Whether a logout request without `id_token_hint` asks the person first. Default yes. */
  readonly confirmsLogout?: boolean | undefined
  /** Whether id_tokens say when the identity session ends (`session_expiry`, OpenID IPSIE SL1). Default no. */
  readonly saysSessionExpiry?: boolean | undefined
  /** How long a back-channel request may take. Default 5. */
  readonly backchannelTimeoutSeconds?: number | undefined
}

/** The options with every default filled in. */
export interface ResolvedOpenidOptions {
  readonly clients: ReadonlyMap<string, RegisteredClient>
  readonly registration: boolean
  readonly initialAccessToken: string | undefined
  readonly codeSeconds: number
  readonly accessTokenSeconds: number
  readonly idTokenSeconds: number
  readonly refreshTokenSeconds: number
  readonly accessTokenFormat: 'opaque' | 'jwt'
  readonly rotatesRefreshTokens: boolean
  readonly acrValues: Readonly<Record<Level, string>>
  readonly confirmsLogout: boolean
  readonly saysSessionExpiry: boolean
  readonly backchannelTimeoutSeconds: number
}

const known: Readonly<Record<keyof OpenidOptions, true>> = {
  clients: true,
  registration: true,
  initialAccessToken: true,
  codeSeconds: true,
  accessTokenSeconds: true,
  idTokenSeconds: true,
  refreshTokenSeconds: true,
  accessTokenFormat: true,
  rotatesRefreshTokens: true,
  acrValues: true,
  confirmsLogout: true,
  saysSessionExpiry: true,
  backchannelTimeoutSeconds: true,
}

const wrong = (message: string) => new CitizenSessionError('emulator', `createEmulator: openid: ${message}`)

/** Fills in the defaults and checks everything. @throws `emulator` with what to write instead. */
export function resolveOpenidOptions(options: OpenidOptions): ResolvedOpenidOptions {
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(known, name)) {
      throw wrong(`the option "${name}" is unknown; there are ${Object.keys(known).join(', ')}`)
    }
  }
  const seconds = (name: keyof OpenidOptions, fallback: number) => {
    const value = options[name] ?? fallback
    if (typeof value === 'number' && Number.isFinite(value) && value > 0) return value
    throw wrong(`${name} must be a number of seconds, more than 0`)
  }
  const flag = (name: keyof OpenidOptions, fallback = true) => {
    const value = options[name] ?? fallback
    if (typeof value === 'boolean') return value
    throw wrong(`${name} must be true or false`)
  }
  const format = options.accessTokenFormat ?? 'opaque'
  if (format !== 'opaque' && format !== 'jwt') throw wrong('accessTokenFormat must be opaque or jwt')
  const registration = flag('registration', false)
  return {
    clients: registerClients(options.clients, registration ? 0 : 1),
    registration,
    initialAccessToken: toInitialAccessToken(options.initialAccessToken, registration),
    codeSeconds: seconds('codeSeconds', 60),
    accessTokenSeconds: seconds('accessTokenSeconds', 600),
    idTokenSeconds: seconds('idTokenSeconds', 600),
    refreshTokenSeconds: seconds('refreshTokenSeconds', 86_400),
    accessTokenFormat: format,
    rotatesRefreshTokens: flag('rotatesRefreshTokens'),
    acrValues: toAcrValues(options.acrValues ?? {}),
    confirmsLogout: flag('confirmsLogout'),
    saysSessionExpiry: flag('saysSessionExpiry', false),
    backchannelTimeoutSeconds: seconds('backchannelTimeoutSeconds', 5),
  }
}

function toInitialAccessToken(given: unknown, isUsed: boolean): string | undefined {
  if (given === undefined) return undefined
  if (!isUsed) throw wrong('initialAccessToken belongs to registration: true')
  if (typeof given === 'string' && /^[\w.~+/-]{1,1024}=*$/.test(given)) return given
  throw wrong('initialAccessToken must be a text of letters, digits and -._~+/')
}

function toAcrValues(given: Readonly<Partial<Record<Level, string>>>): Readonly<Record<Level, string>> {
  const values = {
    password: given.password ?? 'urn:emulator:password',
    mfa: given.mfa ?? 'urn:emulator:mfa',
    did: given.did ?? 'urn:emulator:did',
  }
  const isName = (value: unknown) => typeof value === 'string' && /^[\x21-\x7e]{1,128}$/.test(value)
  if (
    Object.keys(given).some((level) => !Object.hasOwn(values, level)) ||
    !Object.values(values).every(isName)
  )
    throw wrong('acrValues may name password, mfa and did, each a text without spaces')
  return values
}
