/** @module The issuing side: takes a person who is signed in here over to a partner that trusts us. */
import type { ActiveCitizen, Citizen, Claims } from '../citizen.js'
import { type Clock, systemClock } from '../clock.js'
import { CitizenSessionError } from '../errors.js'
import type { MaybePromise } from '../exchange.js'
import { parseUrl } from '../parse-url.js'
import { createJwksHandler } from './jwks.js'
import { type Mounted, methodNotAllowed, mount, type SsoRequest } from './mount.js'
import type { KeyRing } from './ring.js'
import { createHandOver, type HandOverOptions } from './sso-form.js'
import { signToken } from './token.js'

/** Options of {@link createSsoIssuer}. */
export interface SsoIssuerOptions<C extends Claims = Claims> {
  /** The keys that sign. */
  readonly keys: KeyRing
  /** The claim `iss`, letter by letter as the partner assigned it: it need not be an address. */
  readonly issuer: string
  /** The claim `aud`, letter by letter as the partner assigned it. */
  readonly audience: string | readonly string[]
  /** Our own origin, as browsers see it: a click must come from there. */
  readonly applicationUrl: string
  /** Name of our application, on the pages before the partner's. Default: the host of `applicationUrl`. */
  readonly applicationName?: string | undefined
  /** Life of a token in seconds, 1 to 300. Default 60: it is used at once, and once. */
  readonly lifetimeSeconds?: number | undefined
  /** The claim `sub`: how the partner knows the person. Default: `sub` of the identity provider. */
  readonly subject?: ((citizen: ActiveCitizen<C>) => MaybePromise<string>) | undefined
  /** What the partner gets to know besides. Default: nothing. */
  readonly claims?:
    | ((citizen: ActiveCitizen<C>) => MaybePromise<Readonly<Record<string, unknown>>>)
    | undefined
  /** Default: the machine's clock. */
  readonly clock?: Clock | undefined
}

/** An issuer. */
export interface SsoIssuer<C extends Claims = Claims> {
  readonly keys: KeyRing
  /** A token for a person, for one use. @throws CitizenSessionError `not-active`, `usage`, `keys-unavailable`, … */
  issue(citizen: Citizen<C>): Promise<string>
  /** The handler for `/.well-known/jwks.json`. */
  jwks(): Mounted
  /**
   * The handler of the address that takes people to the partner: mount it for GET and POST, behind `requireCitizen()`.
   * GET shows a page with a button; a POST from our own pages makes one token and hands it over. Any other POST gets
   * the page. @throws TypeError for a partner's address that cannot be.
   */
  ssoRedirect(partner: HandOverOptions): Mounted
}

/**
 * Makes an issuer.
 * @throws TypeError for options that cannot be.
 * Source: RFC 7519; RFC 8725.
 */
export function createSsoIssuer<C extends Claims = Claims>(options: SsoIssuerOptions<C>): SsoIssuer<C> {
  const { keys, issuer, audience, lifetimeSeconds = 60, clock = systemClock } = options
  const { subject = (citizen) => citizen.claims.sub, claims = () => ({}) } = options
  const audiences: unknown = typeof audience === 'string' ? [audience] : audience
  // `undefined`, as of a variable that is not set, is neither.
  if (!areTexts([issuer]) || !areTexts(audiences) || audiences.length === 0)
    throw new TypeError('issuer and audience are what the partner assigned: neither can be empty')
  if (!Number.isInteger(lifetimeSeconds) || lifetimeSeconds < 1 || lifetimeSeconds > 300)
    throw new TypeError('lifetimeSeconds is 1 to 300')
  const origin = originOf(options.applicationUrl)

  async function issue(citizen: Citizen<C>): Promise<string> {
    if (citizen.state !== 'active') throw notActive()
    const said = checkSaid(await subject(citizen), await claims(citizen))
    return signToken(keys, { issuer, audience, ...said, lifetimeSeconds, now: clock() })
  }

  function ssoRedirect(partner: HandOverOptions): Mounted {
    const handOver = createHandOver(partner, options.applicationName ?? new URL(origin).host)
    return mount(async (request, citizen) => {
      if (citizen?.state !== 'active') throw notActive()
      if (request.method === 'GET' || request.method === 'HEAD') return handOver.ask(request, 200)
      if (request.method !== 'POST') return methodNotAllowed('GET, HEAD, POST')
      if (!isFromOwnPage(request, origin)) return handOver.ask(request, 403)
      // The application's own type of claims; who has put the citizen there has the same.
      return handOver.deliver(request, await issue(citizen as Citizen as Citizen<C>))
    })
  }

  return { keys, issue, jwks: () => mount(createJwksHandler(keys)), ssoRedirect }
}

const areTexts = (values: unknown): values is readonly string[] =>
  Array.isArray(values) && values.every((value) => typeof value === 'string' && value !== '')

/** The longest that `verifySsoToken` and the examples take. */
const longestSubject = 256

/** What the application says of a person, which no type has checked. @throws CitizenSessionError `usage` */
function checkSaid(
  subject: unknown,
  claims: unknown,
): { readonly subject: string; readonly claims: Readonly<Record<string, unknown>> } {
  if (typeof subject !== 'string' || subject === '' || subject.length > longestSubject)
    throw new CitizenSessionError('usage', 'the subject of a token is a text of 1 to 256 characters')
  if (typeof claims !== 'object' || claims === null || Array.isArray(claims))
    throw new CitizenSessionError('usage', 'claims() gives an object')
  return { subject, claims: { ...claims } }
}

/** A sibling application is not us, and a browser that does not say where it comes from must name our origin. */
function isFromOwnPage(request: SsoRequest, origin: string): boolean {
  const site = request.header('sec-fetch-site')
  return site === undefined ? request.header('origin') === origin : site === 'same-origin'
}

function originOf(text: string): string {
  const url = parseUrl(text)
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new TypeError('applicationUrl is our own http(s) origin')
  return url.origin
}

function notActive(): CitizenSessionError {
  return new CitizenSessionError(
    'not-active',
    'nobody is signed in: put requireCitizen() before this handler',
    {
      status: 401,
    },
  )
}
