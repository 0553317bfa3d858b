/**
 * @module Documents in the shape that real providers write: a description, a key set, an ID token, a logout token or a
 * front-channel call, each with what must come of it. Written for this project; each file names the public pages.
 */
import { createHash, generateKeyPairSync } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { type CitizenEvent, createSuite, memoryStore } from '../../src/index.js'
import { allowMissingExpiry, type OidcOptions, oidc } from '../../src/oidc/oidc.js'
import { sign } from '../oidc/signer.js'
import { type Browser, createBrowser, type Site } from '../support/browser.js'
import { type Shown, serve, shown } from '../support/world.js'
import { createSigningKey } from '../tokens/signing.js'

type Members = Readonly<Record<string, unknown>>

interface Shape {
  readonly provider: string
  readonly pages: readonly string[]
  readonly clientId: string
  readonly options?: Partial<OidcOptions>
  readonly allowMissingExpiry?: boolean
  /** `aud` of the client's assertion; absent: the client has a secret. */
  readonly assertionAudience?: 'token-endpoint'
  readonly discovery: Members & { readonly issuer: string }
  /** How the key set differs from one with every member. */
  readonly key: {
    readonly leaveOut: readonly string[]
    readonly add: Members
    readonly beside?: readonly Members[]
  }
  /** `$now`, `$now+n` and `$client` stand for what their names say; `null`: the member is not there. */
  readonly idToken: { readonly header: Members; readonly claims: Members }
  readonly logoutToken?: { readonly header: Members; readonly claims: Members }
  /** Query of the front-channel call. */
  readonly frontchannel?: string
  /** The parameter that a sign-out leads back by; absent: as the specification says. */
  readonly signOut?: string
  readonly expected: {
    readonly method: string
    readonly authenticationTime: boolean
    /** What the event says where `endpointOrigins` are left out. */
    readonly withoutOrigins?: string
    readonly hint?: boolean
    readonly backchannel?: number
    readonly frontchannelWithoutCookie?: string
    readonly frontchannelWithCookie?: string
    /** State and reason of the legs that are the provider's. */
    readonly receipt: { readonly tokens: string; readonly identity: string }
  }
}

const folder = new URL('openid/', import.meta.url)
const shapes = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .map((name) => [name, JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Shape] as const)

const home = 'https://benefits.example'
const now = Date.UTC(2026, 0, 15, 12)
const key = createSigningKey('key-1')
const clientKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' })

/** The document's own words for times and for the client, put in. */
function filled(members: Members, { clientId }: Shape): Record<string, unknown> {
  const entries = Object.entries(members).map(([name, value]): [string, unknown] => {
    if (value === null) return [name, undefined]
    if (value === '$client') return [name, clientId]
    const time = typeof value === 'string' ? /^\$now(\+\d+)?$/.exec(value) : null
    return [name, time === null ? value : now / 1000 + Number(time[1] ?? 0)]
  })
  return Object.fromEntries(entries)
}

/** The provider of a document, an application of its, and a browser. */
function createShapedPlace(shape: Shape, more: Partial<OidcOptions> = {}) {
  const { discovery, clientId, options = {} } = shape
  const { issuer } = discovery
  const events: CitizenEvent[] = []
  const asked: URL[] = []
  const assertions: Members[] = []
  const nonces = new Map<string, string>()
  const pushed = new Map<string, URLSearchParams>()
  let serial = 0
  const jwt = (header: Members, claims: Members) =>
    sign(filled({ typ: 'JWT', ...header }, shape), filled(claims, shape), key)
  const led = (address: URL) => new Response(null, { status: 302, headers: { location: address.href } })

  const authorize = (url: URL): Response => {
    const request = pushed.get(url.searchParams.get('request_uri') ?? '') ?? url.searchParams
    serial += 1
    nonces.set(`code-${serial}`, request.get('nonce') ?? '')
    const back = new URL(request.get('redirect_uri') ?? '')
    back.searchParams.set('code', `code-${serial}`)
    back.searchParams.set('state', request.get('state') ?? '')
    if (discovery.authorization_response_iss_parameter_supported === true)
      back.searchParams.set('iss', issuer)
    return led(back)
  }

  const token = (form: URLSearchParams): Response => {
    const assertion = form.get('client_assertion')
    if (assertion !== null)
      assertions.push(
        JSON.parse(Buffer.from(assertion.split('.')[1] ?? '', 'base64url').toString()) as Members,
      )
    const { header, claims } = shape.idToken
    const base = { iss: issuer, sub: 'ana', aud: clientId, iat: '$now', exp: '$now+3600' }
    const nonce = nonces.get(form.get('code') ?? '')
    // Each key of the corpus signs by SHA-256.
    const at_hash = createHash('sha256').update('access').digest().subarray(0, 16).toString('base64url')
    return Response.json({
      access_token: 'access',
      token_type: 'Bearer',
      expires_in: 3600,
      scope: 'openid',
      id_token: jwt(header, {
        ...base,
        nonce,
        ...claims,
        ...(Object.hasOwn(claims, 'at_hash') && { at_hash }),
      }),
    })
  }

  const signOut = (url: URL): Response => {
    const back = new URL(url.searchParams.get(shape.signOut ?? 'post_logout_redirect_uri') ?? '')
    const state = url.searchParams.get('state')
    if (shape.signOut === undefined && state !== null) back.searchParams.set('state', state)
    return led(back)
  }

  const publish = (): Response => {
    const members = Object.entries(key.jwk).filter(([name]) => !shape.key.leaveOut.includes(name))
    return Response.json({
      keys: [...(shape.key.beside ?? []), { ...Object.fromEntries(members), ...shape.key.add }],
    })
  }

  const provider: Site = async (request) => {
    const url = new URL(request.url)
    asked.push(url)
    const form = new URLSearchParams(request.method === 'POST' ? await request.text() : '')
    switch (`${url.origin}${url.pathname}`) {
      case `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`:
        return Response.json(discovery)
      case discovery.jwks_uri:
        return publish()
      case discovery.authorization_endpoint:
        return authorize(url)
      case discovery.pushed_authorization_request_endpoint:
        pushed.set('urn:pushed:1', form)
        return Response.json({ request_uri: 'urn:pushed:1', expires_in: 60 }, { status: 201 })
      case discovery.token_endpoint:
        return token(form)
      case discovery.revocation_endpoint:
        return new Response('')
      case discovery.end_session_endpoint:
        return signOut(url)
      default:
        return new Response('nothing here', { status: 404 })
    }
  }

  const proof: Partial<OidcOptions> =
    shape.assertionAudience === undefined
      ? { clientSecret: 'the secret of the client' }
      : {
          clientAuthentication: {
            privateKey: { ...clientKey, alg: 'RS256', kid: 'mine' },
            audience: shape.assertionAudience,
          },
        }
  const suite = createSuite(
    {
      application: { id: 'benefits', url: home, secrets: ['a secret of thirty-two bytes or more'] },
      protocols: [
        oidc({
          issuer,
          clientId,
          ...proof,
          ...(shape.allowMissingExpiry === true ? { backchannelLogout: { expiry: allowMissingExpiry } } : {}),
          ...options,
          ...more,
        }),
      ],
      store: memoryStore({ clock: () => now }),
      clock: () => now,
      onEvent: (event) => events.push(event),
      fetch: (input, init) => provider(new Request(input, init)),
    },
    {},
  )
  const handle: Site = (request) => serve(suite, request)
  const addresses = Object.values(discovery).filter(
    (value) => typeof value === 'string' && URL.canParse(value),
  )
  const sites = new Map<string, Site>(addresses.map((address) => [new URL(String(address)).origin, provider]))
  const browser = createBrowser(new Map([...sites, [home, handle]]))
  return { browser, events, asked, assertions, handle, jwt }
}

const stateOf = (browser: Browser): Promise<Shown> => shown(browser.fetch(`${home}/open`))

const signedIn = async (shape: Shape) => {
  const place = createShapedPlace(shape)
  const visit = await place.browser.open(`${home}/session/login?returnTo=/private`)
  const problems = place.events.filter(({ type }) => type === 'token.rejected' || type === 'warning')
  expect([visit.url, ...problems]).toEqual([`${home}/private`])
  return place
}

it('FLD-03 each document names public pages, and nothing of it is for a real address of anybody', () => {
  expect(shapes.length).toBeGreaterThan(11)
  for (const [, { provider, pages }] of shapes) {
    expect(provider).not.toBe('')
    expect(pages.length).toBeGreaterThan(0)
    for (const page of pages) expect(page).toMatch(/^https:\/\//)
  }
})

it('FLD-03 the page of providers says of each what its receipt was here', () => {
  const page = readFileSync(new URL('../../docs/openid-providers.md', import.meta.url), 'utf8')
  const rows = [...page.matchAll(/^\| ([A-Z].*|login\.gov.*) \|$/gm)].map(([, row = '']) => row.split(' | '))
  const compared = shapes.flatMap(([, { provider, expected }]) => {
    const row = rows.find(([name = '']) => name !== '' && provider.includes(name))
    const words = (cell = '') => cell.replaceAll(/[`,]/g, '')
    return row === undefined
      ? []
      : [[provider, { identity: words(row.at(-2)), tokens: words(row.at(-1)) }, expected.receipt]]
  })
  // All but those of the last section, which names its exception itself.
  expect(compared.length).toBe(shapes.length - 3)
  for (const [provider, said, was] of compared)
    expect({ provider, ...(said as object) }).toEqual({ provider, ...(was as object) })
})

it.each(shapes)('FLD-03 %s: signs in, with what its ID token says', async (_, shape) => {
  const { browser, assertions } = await signedIn(shape)
  const { state, assurance } = await stateOf(browser)
  expect(state).toBe('active')
  expect(assurance.method).toBe(shape.expected.method)
  expect(assurance.authenticatedAt !== undefined).toBe(shape.expected.authenticationTime)
  const audiences = assertions.map(({ aud }) => aud)
  expect(audiences).toEqual(shape.assertionAudience === undefined ? [] : [shape.discovery.token_endpoint])
})

it.each(shapes)('FLD-03 %s: signs out, with a receipt that says what its provider can', async (_, shape) => {
  const { browser, events, asked } = await signedIn(shape)
  await browser.post(`${home}/session/logout`)
  expect(await stateOf(browser)).toMatchObject({ state: 'anonymous' })
  const legs = events.flatMap((event) =>
    event.type === 'logout.leg' && event.leg === 'identity' ? [event] : [],
  )
  const [identity] = legs.map(({ state, reason }) => [state, reason].filter(Boolean).join(' '))
  expect(identity).toBe(shape.expected.receipt.identity)
  const endSession = shape.discovery.end_session_endpoint
  const visited = asked.find((url) => `${url.origin}${url.pathname}` === endSession)
  expect(visited !== undefined).toBe(endSession !== undefined)
  if (visited !== undefined)
    expect(visited.searchParams.has('id_token_hint')).toBe(shape.expected.hint ?? true)
})

it.each(shapes)('FLD-03 %s: its tokens are revoked where it offers that', async (_, shape) => {
  const { browser } = await signedIn(shape)
  const answer = await browser.fetch(`${home}/session/logout`, {
    method: 'POST',
    headers: { accept: 'application/json' },
  })
  const { legs } = (await answer.json()) as { legs: { leg: string; state: string; reason?: string }[] }
  const tokens = legs.find(({ leg }) => leg === 'tokens')
  expect([tokens?.state, tokens?.reason].filter(Boolean).join(' ')).toBe(shape.expected.receipt.tokens)
})

it.each(shapes.filter(([, { logoutToken }]) => logoutToken !== undefined))(
  'FLD-04 %s: its logout token ends the session',
  async (_, shape) => {
    const { browser, handle, jwt } = await signedIn(shape)
    const base = { iss: shape.discovery.issuer, aud: shape.clientId, iat: '$now', jti: 'logout-1' }
    const { header = {}, claims = {} } = shape.logoutToken ?? {}
    const body = new URLSearchParams({ logout_token: jwt(header, { ...base, ...claims }) })
    const request = new Request(`${home}/session/backchannel-logout`, { method: 'POST', body })
    expect((await handle(request)).status).toBe(shape.expected.backchannel)
    expect(await stateOf(browser)).toMatchObject({ state: 'anonymous' })
  },
)

it.each(
  shapes.flatMap(([name, shape]) => {
    const { frontchannelWithoutCookie, frontchannelWithCookie } = shape.expected
    return [
      [name, 'without our cookie', frontchannelWithoutCookie, shape] as const,
      [name, 'with our cookie', frontchannelWithCookie, shape] as const,
    ].filter(([, , state]) => state !== undefined)
  }),
)('FLD-04 %s: its front-channel call %s leaves the person %s', async (_, how, state, shape) => {
  const { browser } = await signedIn(shape)
  const from = how === 'with our cookie' ? home : new URL(shape.discovery.issuer).origin
  await browser.fetch(`${home}/session/frontchannel-logout?${shape.frontchannel}`, {
    from,
    headers: { 'sec-fetch-dest': 'iframe', 'sec-fetch-mode': 'navigate', accept: 'text/html' },
  })
  expect(await stateOf(browser)).toMatchObject({ state })
})

it.each(shapes.filter(([, { expected }]) => expected.withoutOrigins !== undefined))(
  'FLD-03 %s: whoever leaves endpointOrigins out is told what to name',
  async (_, shape) => {
    const place = createShapedPlace(shape, { endpointOrigins: [], endpoints: {} })
    const visit = await place.browser.open(`${home}/session/login`)
    expect(visit.status).toBe(503)
    const messages = place.events.flatMap((event) => (event.type === 'warning' ? [event.message] : []))
    expect(messages.join('\n')).toContain(shape.expected.withoutOrigins)
  },
)
