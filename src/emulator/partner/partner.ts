/** @module What tests and programs see of the partner, and what it remembers. */
import { CitizenSessionError } from '../../errors.js'
import type { Context } from '../context.js'
import { readBody } from '../visit.js'
import { judgeToken, type PartnerTokenProblem, type TokenClaims } from './judge-token.js'
import { type PartnerUser, type ResolvedPartnerOptions, toKeyAddress, toUser } from './options.js'
import { type KeyUploadProblem, type PartnerKey, readPublicKey } from './public-key.js'

/** How a sign-in with a token ended. */
export type PartnerLoginOutcome =
  | 'signed-in'
  | PartnerTokenProblem
  /** The token was used before. */
  | 'replayed'
  /** Nobody has registered the person here. */
  | 'unknown-user'
  /** The registered address gives no key set. */
  | 'keys-unavailable'

/** A sign-in, or the attempt of one. */
export interface PartnerLogin {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly outcome: PartnerLoginOutcome
  /** Where the token held that far. */
  readonly sub: string | undefined
  readonly claims: Readonly<Record<string, unknown>> | undefined
}

/** The partner: who takes SSO tokens. */
export interface Partner {
  /** `iss` that tokens must have, generated unless given. */
  readonly issuer: string
  /** `aud` that tokens must have, generated unless given. */
  readonly audience: string
  /** Where a form hands its `token` over. */
  readonly ssoUrl: string
  /** The dashboard: upload of the public key, issuer and audience, the registered address, accounts. */
  readonly dashboardUrl: string
  /** Where the key set is fetched for each sign-in; `undefined`: the uploaded keys count. */
  readonly jwksUrl: string | undefined
  /** The `jwks.json` that the dashboard has made of the uploaded keys. */
  jwks(): { readonly keys: readonly PartnerKey[] }
  /** Uploads a public key in PEM. `kid`: default `vivoldi-sso-YYYYMMDD`. @throws `emulator` with what is wrong */
  uploadKey(pem: string, kid?: string): PartnerKey
  removeKey(kid: string): boolean
  /** @throws `emulator` */
  registerJwksUrl(url: string | undefined): void
  readonly users: readonly Required<PartnerUser>[]
  /** @throws `emulator` */
  registerUser(user: PartnerUser): void
  removeUser(sub: string): boolean
  /** The last 50, newest first. */
  readonly logins: readonly PartnerLogin[]
}

/** The partner as its own pages see it. */
export interface PartnerState extends Partner {
  /** Judges a token and remembers the outcome. */
  signIn(token: string): Promise<PartnerLogin>
  /** `kid` of a key that is uploaded without one. */
  nextKid(): string
  reset(): void
}

/** What is wrong with an upload, for programs; the page says it in its own words. */
const uploadProblems: Readonly<Record<KeyUploadProblem | 'kid-taken' | 'too-many', string>> = {
  'private-key': 'this is a private key: upload the public one, and replace this key if anybody else saw it',
  unreadable: 'no public key in PEM can be read',
  'not-rsa': 'an RSA key is needed: the partner takes RS256 only',
  'several-keys': 'these are several keys: give the one that signs, alone',
  'too-short': 'the key has fewer than 2048 bits',
  'too-long': 'the key has more than 8192 bits',
  exponent: 'the exponent of the key is not one of RSA: it is odd, at least 3, usually 65537',
  kid: 'a kid is letters, digits, -, _ and dots',
  'kid-taken': 'there is a key of that kid already',
  'too-many': 'there are 16 keys already: remove one',
}

const mostKeys = 16
const mostUsers = 1_000
const mostLogins = 50
const largestSet = 262_144
const patienceMilliseconds = 5_000
/** How long a token that is over is remembered as used: clocks may be put back. */
const keptSeconds = 600

const wrong = (message: string) => new CitizenSessionError('emulator', message, { status: 400 })

/** What it remembers. */
interface Memory {
  readonly keys: Map<string, PartnerKey>
  readonly users: Map<string, Required<PartnerUser>>
  /** `exp` of used tokens by `jti`, in seconds. */
  readonly used: Map<string, number>
  logins: readonly PartnerLogin[]
  jwksUrl: string | undefined
}

/** Makes it. */
export function createPartner(context: Context, options: ResolvedPartnerOptions): PartnerState {
  const memory: Memory = {
    keys: new Map(),
    users: new Map(),
    used: new Map(),
    logins: [],
    jwksUrl: undefined,
  }
  begin(memory, options)
  const { keys, users } = memory
  const nextKid = () => freeKid(keys, context.now())
  const origin = () => {
    const url = new URL(context.url())
    if (options.host !== undefined) url.hostname = options.host
    return url.origin
  }
  return {
    issuer: options.issuer,
    audience: options.audience,
    get ssoUrl() {
      return `${origin()}/partner/sso/login`
    },
    get dashboardUrl() {
      return `${origin()}/partner/developer/sso`
    },
    get jwksUrl() {
      return memory.jwksUrl
    },
    jwks: () => ({ keys: [...keys.values()] }),
    uploadKey(pem, kid = nextKid()) {
      const key = keys.size >= mostKeys ? 'too-many' : keys.has(kid) ? 'kid-taken' : readPublicKey(pem, kid)
      if (typeof key === 'string') throw new KeyUploadError(key)
      keys.set(kid, key)
      return key
    },
    removeKey: (kid) => keys.delete(kid),
    registerJwksUrl(url) {
      memory.jwksUrl = url === undefined ? undefined : toKeyAddress(url)
    },
    get users() {
      return [...users.values()]
    },
    registerUser(given) {
      const user = toUser(given)
      if (users.size >= mostUsers && !users.has(user.sub)) throw wrong(`there are ${mostUsers} users already`)
      users.set(user.sub, user)
    },
    removeUser: (sub) => users.delete(sub),
    get logins() {
      return memory.logins
    },
    async signIn(token) {
      const login = await judge(context, { options, memory, token })
      memory.logins = [login, ...memory.logins].slice(0, mostLogins)
      return login
    },
    nextKid,
    reset: () => begin(memory, options),
  }
}

/** As at the start. */
function begin(memory: Memory, { users, jwksUrl }: ResolvedPartnerOptions): void {
  for (const each of [memory.keys, memory.users, memory.used]) each.clear()
  for (const user of users) memory.users.set(user.sub, user)
  memory.logins = []
  memory.jwksUrl = jwksUrl
}

function freeKid(keys: Memory['keys'], now: number): string {
  const day = new Date(now).toISOString().slice(0, 10).replaceAll('-', '')
  for (let number = 1; ; number++) {
    const kid = number === 1 ? `vivoldi-sso-${day}` : `vivoldi-sso-${day}-${number}`
    if (!keys.has(kid)) return kid
  }
}

interface Attempt {
  readonly options: ResolvedPartnerOptions
  readonly memory: Memory
  readonly token: string
}

async function judge(context: Context, { options, memory, token }: Attempt): Promise<PartnerLogin> {
  const { issuer, audience } = options
  const { keys, users, used, jwksUrl } = memory
  const at = context.now()
  const end = (outcome: PartnerLoginOutcome, claims?: TokenClaims): PartnerLogin => ({
    at,
    outcome,
    sub: claims?.sub,
    claims: claims?.all,
  })
  const found = jwksUrl === undefined ? [...keys.values()] : await fetchKeys(context, jwksUrl)
  if (found === undefined) return end('keys-unavailable')
  const judged = judgeToken(token, { issuer, audience, keys: found, now: at })
  if (typeof judged === 'string') return end(judged)
  for (const [jti, exp] of used) if (exp < at / 1000 - keptSeconds) used.delete(jti)
  if (used.has(judged.jti)) return end('replayed', judged)
  used.set(judged.jti, judged.exp)
  return end(users.has(judged.sub) ? 'signed-in' : 'unknown-user', judged)
}

/** An upload that makes no key. */
export class KeyUploadError extends CitizenSessionError {
  override readonly name = 'KeyUploadError'
  readonly problem: keyof typeof uploadProblems

  constructor(problem: keyof typeof uploadProblems) {
    super('emulator', uploadProblems[problem], { status: 400 })
    this.problem = problem
  }
}

/** The members of the key set at an address; `undefined` where there is none to be had. Nothing is kept. */
async function fetchKeys({ options }: Context, url: string): Promise<readonly unknown[] | undefined> {
  try {
    const signal = AbortSignal.timeout(patienceMilliseconds)
    const response = await options.fetch(url, { redirect: 'manual', signal })
    const text = await readBody(response, largestSet)
    const set: unknown = response.status === 200 ? JSON.parse(text) : undefined
    const keys: unknown = typeof set === 'object' && set !== null ? Reflect.get(set, 'keys') : undefined
    return Array.isArray(keys) ? keys : undefined
  } catch {
    return undefined
  }
}
