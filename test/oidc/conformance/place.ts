/** @module A relying party of ours beside the provider that bends its answers, over real HTTP: Express, or the fetch adapter. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import type { CitizenEvent } from '../../../src/index.js'
import type { OidcOptions } from '../../../src/oidc/oidc.js'
import { type Browser, createBrowser, type Site, type Visit } from '../../support/browser.js'
import { siteOn } from '../../support/wire.js'
import {
  type Bend,
  type ConformanceProvider,
  createConformanceProvider,
  type Registration,
} from './provider.js'

/** The package as the module runs it: its source, or what was packed. */
export interface Product {
  readonly express: Pick<typeof import('../../../adapters/express.js'), 'citizenSession' | 'requireCitizen'>
  readonly fetch: Pick<typeof import('../../../adapters/fetch.js'), 'citizenSession'>
  readonly oidc: typeof import('../../../src/oidc/oidc.js').oidc
  readonly memoryStore: typeof import('../../../src/index.js').memoryStore
}

export const adapters = ['express', 'fetch'] as const
export type Adapter = (typeof adapters)[number]

/** What differs between the places. */
export interface PlaceOptions {
  readonly adapter: Adapter
  readonly responseMode: 'query' | 'form_post'
  readonly bend?: Bend | undefined
  readonly oidc?: Partial<OidcOptions> | undefined
  /** How the provider tells of a sign-out. */
  readonly tells?: readonly ('back-channel' | 'front-channel')[] | undefined
}

/** A provider, a relying party, and a browser. */
export interface Place {
  readonly home: string
  readonly provider: ConformanceProvider
  readonly events: CitizenEvent[]
  readonly browser: Browser
  /** Opens an address of the relying party, and presses what a browser sends by itself. */
  visit(path: string): Promise<Visit>
  /** The person presses our button. */
  signOut(): Promise<Visit>
  /** What the relying party says of the person. */
  state(): Promise<Readonly<Record<string, unknown>>>
  /** Moves the clock of both. */
  travel(seconds: number): void
  close(): void
}

const clientSecret = 'a secret+/ %'

/** What a place runs on. */
interface PartyParts {
  readonly product: Product
  readonly options: PlaceOptions
  readonly home: string
  readonly issuer: string
  readonly now: () => number
  readonly events: CitizenEvent[]
}

function settingsOf({ product, options, home, issuer, now, events }: PartyParts) {
  return {
    application: { id: 'benefits', url: home, secrets: ['a secret of thirty-two bytes or more'] },
    protocols: [
      product.oidc({
        issuer,
        clientId: 'benefits',
        clientSecret,
        userInfo: 'always',
        ...(options.responseMode === 'query' ? {} : { responseMode: options.responseMode }),
        ...options.oidc,
        // The request that finds a renewal due sees how it ends, on a machine that is busy too.
        refresh: { waitMilliseconds: 4000 },
      }),
    ],
    store: product.memoryStore({ clock: now }),
    clock: now,
    onEvent: (event: CitizenEvent) => events.push(event),
  } as const
}

/** The relying party on Express, whose server listens already. */
function expressParty(parts: PartyParts): express.Express {
  const { citizenSession, requireCitizen } = parts.product.express
  const app = express()
  app.use(citizenSession(settingsOf(parts)))
  app.get('/', ({ citizen }, response) => {
    response.json({ state: citizen.state, reason: citizen.reason, claims: citizen.claims })
  })
  app.get('/private', requireCitizen(), ({ citizen }, response) => {
    response.json({ sub: citizen.claims.sub })
  })
  app.get('/watched', requireCitizen(), (_, response) => {
    const listener = `told = []; addEventListener('message', ({ data }) => told.push(data.state))`
    response
      .type('html')
      .send(
        `<!doctype html><title>Watched</title><script>${listener}</script><iframe src="/session/check-session"></iframe>`,
      )
  })
  return app
}

/** The same on the fetch adapter. */
function fetchParty(parts: PartyParts): Site {
  const auth = parts.product.fetch.citizenSession(settingsOf(parts))
  const open = auth.withCitizen.optional((_, { citizen }) =>
    Response.json({ state: citizen.state, reason: citizen.reason, claims: citizen.claims }),
  )
  const closed = auth.withCitizen((_, { citizen }) => Response.json({ sub: citizen.claims.sub }))
  return async (request) =>
    auth.fetch((asked) => (new URL(asked.url).pathname === '/private' ? closed(asked) : open(asked)))(request)
}

/** Makes the place; close it after use. */
export async function createPlace(product: Product, options: PlaceOptions): Promise<Place> {
  let travelled = 0
  const now = () => Date.now() + travelled
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const home = `http://localhost:${port}`
  const at = (route: string) => `${home}/session/${route}`
  let party: Site = siteOn({ port })
  const { tells = [], oidc: { responseType = 'code' } = {} } = options
  const client: Registration = {
    id: 'benefits',
    secret: clientSecret,
    redirectUris: [at('callback'), at('reauthenticate')],
    postLogoutRedirectUri: at('return'),
    backchannelLogoutUri: tells.includes('back-channel') ? at('backchannel-logout') : undefined,
    frontchannelLogoutUri: tells.includes('front-channel') ? at('frontchannel-logout') : undefined,
    responseType,
    responseMode: options.responseMode,
  }
  const provider = await createConformanceProvider(client, options.bend ?? {}, {
    now,
    send: (request) => party(request),
  })
  const { issuer } = provider
  const events: CitizenEvent[] = []
  const parts = { product, options, home, issuer, now, events }
  if (options.adapter === 'express') server.on('request', expressParty(parts))
  else party = fetchParty(parts)
  const sites = new Map<string, Site>([
    [issuer, siteOn({ port: Number(new URL(issuer).port) })],
    [home, (request) => party(request)],
  ])
  const browser = createBrowser(sites)
  return {
    home,
    provider,
    events,
    browser,
    async visit(path) {
      let visit = await browser.open(`${home}${path}`)
      while (/<form method="post"[^>]*>[\s\S]*(?:Go on|Continue)<\/button>/.test(visit.body))
        visit = await browser.press(visit, /^(?:Go on|Continue)$/)
      return visit
    },
    signOut: () => browser.post(at('logout'), { scope: 'everywhere' }),
    state: async () => (await browser.fetch(`${home}/`)).json(),
    travel(seconds) {
      travelled += seconds * 1000
    },
    close() {
      provider.close()
      server.close()
      server.closeAllConnections()
    },
  }
}
