/** @module One request to the emulator: its cookies, its session, its form. */
import { CitizenSessionError } from '../errors.js'
import { type Context, issueToken } from './context.js'
import {
  type CookieOptions,
  identityCookieLine,
  identityCookieName,
  parseCookieHeader,
  sharedCookieLines,
  tokensOf,
} from './cookies.js'
import type { Person } from './people.js'
import type { KeptSession } from './sessions.js'

/** A living session with its person. */
export interface SignedIn {
  readonly session: KeptSession
  readonly person: Person
}

/** One request. */
export interface Visit {
  readonly request: Request
  readonly query: URLSearchParams
  /** Upstreams that the query narrows this visit to; none: all. */
  readonly upstreams: readonly string[]
  /** The newest identity session of these upstreams, by the provider's own cookies or else by the shared one. */
  readonly identity: SignedIn | undefined
  /** Every identity session of this browser, newest first; a sign-in adds to it, ended ones are still in it. */
  readonly held: SignedIn[]
  /** The CitizenOne session: the shared cookie carries a valid token of a living session. */
  readonly shared: (SignedIn & { readonly issuedAt: number }) | undefined
  /** Whether any part of the shared cookie came. */
  readonly hasSharedCookie: boolean
}

/** How the emulator sets cookies. */
export const cookieOptions = ({ options, modes }: Context): CookieOptions => ({
  names: options.cookieNames,
  domain: options.domain,
  secure: options.secure,
  crossSite: modes.some((mode) => mode.hasCrossSiteCookies?.()),
})

/** The living session that a token belongs to, with its person. */
export async function sessionOfToken(context: Context, token: string) {
  const claims = await context.keys.verify(token, { issuer: context.url(), now: context.now() })
  if (claims?.jti === undefined) return undefined
  const session = context.sessions.find(claims.jti)
  const person = session && context.people.find(session.username)
  if (!session || !person || person.sub !== claims.sub) return undefined
  return { session, person, issuedAt: (claims.iat ?? 0) * 1000 }
}

/** Reads who is there. */
export async function openVisit(context: Context, request: Request): Promise<Visit> {
  const cookies = parseCookieHeader(request.headers.get('cookie') ?? '')
  let shared: Visit['shared']
  for (const token of tokensOf(cookies, context.options.cookieNames)) {
    const found = await sessionOfToken(context, token)
    if (found && (!shared || found.issuedAt > shared.issuedAt)) shared = found
  }
  const query = new URL(request.url).searchParams
  const upstreams = query.getAll('upstream')
  const own = heldSessions(context, cookies)
  const isMeant = ({ person }: SignedIn) => upstreams.length === 0 || upstreams.includes(person.upstream)
  const alsoShared = shared && !own.some(({ session }) => session === shared.session) ? [shared] : []
  return {
    request,
    query,
    upstreams,
    identity: own.find(isMeant) ?? alsoShared.find(isMeant),
    held: [...own, ...alsoShared],
    shared,
    hasSharedCookie: Object.values(context.options.cookieNames).some((name) => cookies.has(name)),
  }
}

/** The living sessions of the provider's own cookies, newest first; of several cookies of one name the first counts. */
function heldSessions(context: Context, cookies: ReadonlyMap<string, readonly string[]>): SignedIn[] {
  const found: SignedIn[] = []
  for (const upstream of context.people.upstreams) {
    for (const value of cookies.get(identityCookieName(context.options.secure, upstream)) ?? []) {
      const session = context.sessions.findByCookie(value)
      const person = session && context.people.find(session.username)
      if (!session || person?.upstream !== upstream) continue
      found.push({ session, person })
      break
    }
  }
  const order = context.sessions.list()
  return found.sort((one, other) => order.indexOf(other.session) - order.indexOf(one.session))
}

/** Cookies of a signed-in person: a fresh token, and the provider's own cookie. */
export async function signedInCookies(context: Context, { session, person }: SignedIn): Promise<string[]> {
  const token = await issueToken(context, session, person)
  return [
    ...sharedCookieLines(token, cookieOptions(context)),
    identityCookieLine(session.cookie, person.upstream, cookieOptions(context)),
  ]
}

/** Deletes every cookie of a person. */
export const signedOutCookies = (context: Context): string[] => [
  ...sharedCookieLines(undefined, cookieOptions(context)),
  ...context.people.upstreams.map((upstream) =>
    identityCookieLine(undefined, upstream, cookieOptions(context)),
  ),
]

/** A body of at most `limit` bytes. @throws `body-too-large`, status 413. */
export async function readBytes(
  request: Pick<Request, 'body'>,
  limit = 16_384,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength
    if (size > limit) {
      throw new CitizenSessionError('body-too-large', `a body here has at most ${limit} bytes`, {
        status: 413,
      })
    }
    chunks.push(chunk)
  }
  return new Uint8Array(Buffer.concat(chunks))
}

/** The same as text. @throws `body-too-large`, status 413. */
export async function readBody(request: Pick<Request, 'body'>, limit?: number): Promise<string> {
  return Buffer.from(await readBytes(request, limit)).toString('utf8')
}

/** A posted form. @throws `body-malformed`, status 415, for any other content. */
export async function readForm(request: Request, limit?: number): Promise<URLSearchParams> {
  const type = request.headers.get('content-type') ?? ''
  if (!/^application\/x-www-form-urlencoded(;|$)/i.test(type)) {
    throw new CitizenSessionError('body-malformed', 'a form is expected', { status: 415 })
  }
  return new URLSearchParams(await readBody(request, limit))
}

/**
 * Whether a POST comes from our own page, or from no browser at all. Browsers send `Sec-Fetch-Site` to every address
 * that they trust and `Origin` with every POST; a command-line client sends neither and has no cookies to misuse.
 */
export function isOwnPost(context: Context, request: Request, ownOrigins: readonly string[]): boolean {
  const site = request.headers.get('sec-fetch-site')
  const origin = request.headers.get('origin')
  if (site !== null && site !== 'same-origin') return false
  return origin === null || origin === context.url() || ownOrigins.includes(origin)
}
