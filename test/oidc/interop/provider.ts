/** @module npm's `oidc-provider`, which we did not write, over real HTTP, and an application of ours beside it. */
import { generateKeyPairSync } from 'node:crypto'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import Provider, { type KoaContextWithOIDC } from 'oidc-provider'
import { citizenSession, requireCitizen } from '../../../adapters/express.js'
import { type CitizenEvent, memoryStore } from '../../../src/index.js'
import { type OidcOptions, oidc } from '../../../src/oidc/oidc.js'
import { type Browser, createBrowser, type Visit } from '../../support/browser.js'
import { siteOn } from '../../support/wire.js'

export interface InteropWorld {
  readonly issuer: string
  readonly home: string
  readonly events: CitizenEvent[]
  /** Bodies that the application sent to the token endpoint. */
  readonly calls: URLSearchParams[]
  /** Paths at the provider that the application asked. */
  readonly asked: string[]
  browser(): Browser
  signIn(browser: Browser, login?: string): Promise<Visit>
  /** From now on the provider signs with a new key, and publishes only that. */
  rotateKeys(): void
  /** Moves the application's clock; the provider's stands. */
  travel(seconds: number): void
  close(): void
}

/** What differs at the provider. */
export interface InteropOptions {
  /** More of the client’s registration, or other fields. */
  readonly client?: Readonly<Record<string, unknown>> | undefined
  /** More of the provider’s configuration, or other fields. */
  readonly provider?: Readonly<Record<string, unknown>> | undefined
  /** The key that it signs with. Default: one of its own. */
  readonly key?: Record<string, unknown> | undefined
}

/** A key that the provider signs with. */
export function signingKey(kid: string): Record<string, unknown> {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return { ...privateKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' }
}

const listen = async (server: Server): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

/** With what RFC 6749 has encoded in a `Basic` header. */
/** Of 112 bits or more, with what has to be escaped. */
export const clientSecret = 'a long secret+/ %'

/** Members of a configuration, or of a part of it. */
type Settings = Readonly<Record<string, unknown>>

/** Features of the provider that are on unless something else is said; `undefined` in a configuration: its own default. */
const features = {
  backchannelLogout: { enabled: true },
  revocation: { enabled: true },
  pushedAuthorizationRequests: { enabled: true },
  encryption: { enabled: true },
  jwtUserinfo: { enabled: true },
}

/**
 * The provider with one client and one key, as a listener. It asks for a name, and takes any; with the feature
 * `devInteractions` off it asks for nothing, and everybody is `ana`.
 */
export function createListener(
  issuer: string,
  key: Record<string, unknown>,
  client: Settings,
  more: Settings = {},
): RequestListener {
  const provider = new Provider(issuer, {
    clients: [
      {
        backchannel_logout_session_required: true,
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        ...client,
      } as never,
    ],
    jwks: { keys: [key] as never },
    cookies: { keys: ['a key for the cookies'] },
    scopes: ['openid', 'offline_access', 'email'],
    claims: { openid: ['sub'], email: ['email', 'email_verified'] },
    issueRefreshToken: async () => true,
    rotateRefreshToken: true,
    // The application's clock is moved on, and with it what the client says of its own time.
    clockTolerance: 60,
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, email: `${id}@example.gov` }) }),
    // Its own fetch refuses loopback; without the dispatcher ours does not.
    fetch: (url, init) => {
      const { dispatcher: _, ...rest } = init as RequestInit & { dispatcher?: unknown }
      return fetch(url, rest)
    },
    ...more,
    features: { ...features, ...(more.features as Settings | undefined) },
  })
  const serve = provider.callback()
  return (request, response) => {
    if (request.url?.startsWith('/unasked/') !== true) return void serve(request, response)
    provider
      .interactionFinished(request, response, { login: { accountId: 'ana' }, consent: {} })
      .catch((error: unknown) => response.writeHead(500).end(String(error)))
  }
}

/** What a provider without pages of its own is configured with. */
export const unasked: Settings = {
  interactions: { url: (_: unknown, { uid }: { readonly uid: string }) => `/unasked/${uid}` },
  async loadExistingGrant({ oidc }: KoaContextWithOIDC) {
    const { client, session, provider } = oidc
    const grant = new provider.Grant({ clientId: client?.clientId, accountId: session?.accountId })
    grant.addOIDCScope('openid offline_access email')
    grant.addOIDCClaims(['email'])
    await grant.save()
    return grant
  },
}

/** Makes the world; close it after use. */
export async function createInteropWorld(
  options: Partial<OidcOptions> = {},
  more: InteropOptions = {},
): Promise<InteropWorld> {
  let atProvider: RequestListener = (_, response) => response.writeHead(503).end()
  const providerServer = createServer((request, response) => void atProvider(request, response))
  const app = express()
  const appServer = createServer(app)
  const issuer = `http://127.0.0.1:${await listen(providerServer)}`
  const home = `http://localhost:${await listen(appServer)}`
  const at = (route: string) => `${home}/session/${route}`

  const serveWith = (key: Record<string, unknown>): void => {
    const client = {
      client_id: 'benefits',
      client_secret: clientSecret,
      redirect_uris: [at('callback'), at('reauthenticate')],
      post_logout_redirect_uris: [at('return')],
      backchannel_logout_uri: at('backchannel-logout'),
      ...more.client,
    }
    atProvider = createListener(issuer, key, client, more.provider)
  }
  serveWith(more.key ?? signingKey('first'))

  const events: CitizenEvent[] = []
  const calls: URLSearchParams[] = []
  const asked: string[] = []
  let travelled = 0
  app.use(
    citizenSession({
      application: { id: 'benefits', url: home, secrets: ['a secret of thirty-two bytes or more'] },
      protocols: [
        oidc({
          issuer,
          clientId: 'benefits',
          clientSecret,
          clockSkewSeconds: 60,
          ...options,
        }),
      ],
      store: memoryStore(),
      clock: () => Date.now() + travelled,
      onEvent: (event) => events.push(event),
      fetch: async (input, init) => {
        const request = new Request(input, init)
        asked.push(new URL(request.url).pathname)
        if (request.url.endsWith('/token')) calls.push(new URLSearchParams(await request.clone().text()))
        return fetch(request)
      },
    }),
  )
  app.get('/', (request, response) => {
    const { state, reason, claims } = request.citizen
    response.json({ state, reason, sub: claims?.sub, email: claims?.email })
  })
  app.get('/private', requireCitizen(), (request, response) => {
    response.json({ sub: request.citizen.claims.sub })
  })

  const sites = new Map([
    [issuer, siteOn({ port: Number(new URL(issuer).port) })],
    [home, siteOn({ port: Number(new URL(home).port) })],
  ])
  return {
    issuer,
    home,
    events,
    calls,
    asked,
    browser: () => createBrowser(sites),
    async signIn(browser, login = 'ana') {
      const page = await browser.open(`${home}/private`)
      if (new URL(page.url).origin === home) return page
      const consent = await browser.press(page, 'Sign-in', { login, password: 'x' })
      return consent.url.startsWith(home) ? consent : browser.press(consent, 'Continue')
    },
    rotateKeys: () => serveWith(signingKey('second')),
    travel(seconds) {
      travelled += seconds * 1000
    },
    close() {
      for (const server of [providerServer, appServer]) {
        server.close()
        server.closeAllConnections()
      }
    },
  }
}
