/** @module An application and an OpenID provider that answers as the attack needs it: any person, session and time. */
import {
  type CitizenEvent,
  createSuite,
  memoryStore,
  type Store,
  type Suite,
  type SuiteOptions,
} from '../../src/index.js'
import { type OidcOptions, oidc } from '../../src/oidc/oidc.js'
import { clientId, issuer, key, sign } from '../oidc/signer.js'
import { type Browser, createBrowser, type Site } from '../support/browser.js'
import { serve } from '../support/world.js'
import { keySet } from '../tokens/signing.js'

export const home = 'https://benefits.example'

/** What the provider does next. */
export interface Script {
  sub: string
  sid: string | undefined
  /** Seconds since the epoch, or by the time of the answer; `undefined`: the provider does not say. */
  authTime: number | undefined
  /** More claims of the ID token, or other ones. */
  claims: Record<string, unknown>
  header: Record<string, unknown>
  /** What `prompt=none` is answered with, of each request or of all; `undefined`: a code. */
  silently: string | undefined | ((asked: URLSearchParams) => string | undefined)
  expiresIn: number
  /** Runs while the person is at the provider. */
  onAuthorize: () => void
  /** Runs while the token endpoint has a grant in hand; an answer of its own wins. */
  onToken: (form: URLSearchParams) => Response | undefined | Promise<Response | undefined>
  /** Which instance of the application gets the next request; `undefined`: the first. */
  instance: () => Suite | undefined
  /** Answers of other endpoints, by path. */
  answers: Record<string, (request: Request) => Response | Promise<Response>>
}

export interface Place {
  readonly suite: Suite
  readonly store: Store
  readonly events: CitizenEvent[]
  readonly script: Script
  readonly grants: URLSearchParams[]
  /** Authorization requests. */
  readonly asked: URLSearchParams[]
  readonly handle: Site
  /** Another instance of the application, on the same store; with a clock of its own, where one is given. */
  twin(clock?: () => number): Suite
  now(): number
  travel(seconds: number): void
  /** `seen` gets every answer of the application: status, headers and body as one text. */
  browser(given?: { readonly seen: (url: string, text: string) => void }): Browser
  idToken(more?: Record<string, unknown>, header?: Record<string, unknown>): string
  /** Sends a logout token as the provider does. */
  backchannel(claims: Record<string, unknown>): Promise<Response>
  state(browser: Browser): Promise<Record<string, unknown>>
}

export interface PlaceOptions {
  readonly oidc?: Partial<OidcOptions> | undefined
  readonly suite?: SuiteOptions | undefined
  readonly description?: Readonly<Record<string, unknown>> | undefined
  readonly store?: ((store: Store, clock: () => number) => Store) | undefined
}

const start = Date.UTC(2026, 0, 15, 12)

/** Makes the place. */
export function createPlace(given: PlaceOptions = {}): Place {
  let now = start
  const clock = () => now
  const events: CitizenEvent[] = []
  const grants: URLSearchParams[] = []
  const asked: URLSearchParams[] = []
  const nonces = new Map<string, string>()
  let serial = 0
  const script: Script = {
    sub: 'ana',
    sid: undefined,
    authTime: now / 1000,
    claims: {},
    header: {},
    silently: undefined,
    expiresIn: 3600,
    onAuthorize: () => undefined,
    onToken: () => undefined,
    instance: () => undefined,
    answers: {},
  }
  const description = {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/jwks`,
    ...given.description,
  }

  const idToken: Place['idToken'] = (more = {}, header = {}) => {
    const { sub, sid, authTime, claims } = script
    const seconds = Math.floor(now / 1000)
    return sign(
      { typ: 'JWT', ...script.header, ...header },
      {
        iss: issuer,
        aud: clientId,
        iat: seconds,
        exp: seconds + 300,
        sub,
        sid,
        auth_time: authTime,
        ...claims,
        ...more,
      },
    )
  }

  const authorize = (url: URL): Response => {
    const { searchParams } = url
    asked.push(searchParams)
    script.onAuthorize()
    const back = new URL(searchParams.get('redirect_uri') ?? '')
    back.searchParams.set('state', searchParams.get('state') ?? '')
    const { silently } = script
    const refusal = typeof silently === 'function' ? silently(searchParams) : silently
    if (searchParams.get('prompt') === 'none' && refusal !== undefined) {
      back.searchParams.set('error', refusal)
    } else {
      serial += 1
      nonces.set(`code-${serial}`, searchParams.get('nonce') ?? '')
      back.searchParams.set('code', `code-${serial}`)
      back.searchParams.set('session_state', `state-${serial}`)
    }
    return new Response(null, { status: 302, headers: { location: back.href } })
  }

  const token = async (request: Request): Promise<Response> => {
    const form = new URLSearchParams(await request.text())
    grants.push(form)
    const answer = await script.onToken(form)
    if (answer !== undefined) return answer
    const nonce = nonces.get(form.get('code') ?? '')
    const isRefresh = form.get('grant_type') === 'refresh_token'
    serial += 1
    return Response.json({
      access_token: `access-${serial}`,
      token_type: 'Bearer',
      expires_in: script.expiresIn,
      refresh_token: `refresh-${serial}`,
      ...(isRefresh ? {} : { id_token: idToken({ nonce }) }),
    })
  }

  const provider: Site = async (request) => {
    const url = new URL(request.url)
    const answer = script.answers[url.pathname]
    if (answer !== undefined) return answer(request)
    switch (url.pathname) {
      case '/.well-known/openid-configuration':
        return Response.json(description)
      case '/jwks':
        return keySet([key])
      case '/authorize':
        return authorize(url)
      case '/token':
        return token(request)
      case '/revoke':
        return new Response('')
      default:
        return new Response('nothing here', { status: 404 })
    }
  }

  const plain = memoryStore({ clock })
  const store = given.store?.(plain, clock) ?? plain
  const options: SuiteOptions = {
    ...given.suite,
    application: {
      id: 'benefits',
      url: home,
      secrets: ['a secret of thirty-two bytes or more'],
      ...given.suite?.application,
    },
    protocols: [oidc({ issuer, clientId, clientSecret: 'the secret of the client', ...given.oidc })],
    store,
    clock,
    onEvent: (event) => events.push(event),
    fetch: (input, init) => provider(new Request(input, init)),
  }
  const suite = createSuite(options, {})
  const handle: Site = (request) => serve(script.instance() ?? suite, request)
  const sites = new Map<string, Site>([
    [issuer, provider],
    [home, handle],
  ])
  return {
    suite,
    store,
    events,
    script,
    grants,
    asked,
    handle,
    twin: (own = clock) => createSuite({ ...options, clock: own }, {}),
    now: clock,
    travel(seconds) {
      now += seconds * 1000
    },
    browser(watching) {
      if (watching === undefined) return createBrowser(sites)
      const watched: Site = async (request) => {
        const response = await handle(request)
        const text = `${response.status} ${JSON.stringify([...response.headers])} ${await response.clone().text()}`
        watching.seen(request.url, text)
        return response
      }
      return createBrowser(new Map([...sites, [home, watched]]))
    },
    idToken,
    backchannel(claims) {
      serial += 1
      const seconds = Math.floor(now / 1000)
      const events = { 'http://schemas.openid.net/event/backchannel-logout': {} }
      const jwt = sign(
        { typ: 'logout+jwt' },
        {
          iss: issuer,
          aud: clientId,
          iat: seconds,
          exp: seconds + 60,
          jti: `jti-${serial}`,
          events,
          ...claims,
        },
      )
      const body = new URLSearchParams({ logout_token: jwt })
      return handle(new Request(`${home}/session/backchannel-logout`, { method: 'POST', body }))
    },
    async state(browser) {
      return (await (await browser.fetch(`${home}/open`)).json()) as Record<string, unknown>
    },
  }
}
