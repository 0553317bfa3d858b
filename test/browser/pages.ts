/** @module A real Express application whose pages carry the browser client, and people in Chromium who visit it. */
import { randomBytes } from 'node:crypto'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import helmet from 'helmet'
import type { Page } from 'playwright-core'
import { vi } from 'vitest'
import {
  type CitizenMiddleware,
  citizenSession,
  requireCitizen,
  requireRecent,
} from '../../adapters/express.js'
import { createEmulator, type Emulator } from '../../src/emulator/index.js'
import { type CitizenEvent, memoryStore, type SuiteOptions } from '../../src/index.js'
import { bundle } from './bundle.js'

/** A page under the policy that the client must live with; its query becomes the attributes of the script's tag. */
function html(request: express.Request, response: express.Response, body: string): void {
  const nonce = randomBytes(12).toString('base64')
  const query = Object.entries(request.query).filter(([name]) => name.startsWith('data-'))
  const attributes = query.map(([name, value]) => ` ${name}="${String(value)}"`).join('')
  response.set('content-security-policy', `default-src 'self'; script-src 'nonce-${nonce}'`)
  if ('coop' in request.query) response.set('cross-origin-opener-policy', 'same-origin')
  // What a guard lets through is `no-store`, which keeps it out of some back/forward caches.
  if ('kept' in request.query) response.set('cache-control', 'private, no-cache')
  response.type('html').send(
    `<!doctype html><html lang="${request.query.lang ?? 'en'}"><title>page</title><main>${body}</main>
    <script nonce="${nonce}" src="/session/client.js" defer${attributes}></script></html>`,
  )
}

/** The strictest policy that the header must live with. */
const strict = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      'default-src': ["'none'"],
      'script-src': ["'self'"],
      'connect-src': ["'self'"],
      'form-action': ["'none'"],
      'require-trusted-types-for': ["'script'"],
      'trusted-types': ["'none'"],
    },
  },
})

/** A page with headers; the query says how many, with which attributes, and whether the client is there too. */
function headerPage({ query }: express.Request, response: express.Response): void {
  const attributes = query.details === undefined ? '' : ` details="${String(query.details)}"`
  const headers = `<citizen-header${attributes}></citizen-header>`.repeat(Number(query.count ?? 1))
  const client = query.client === undefined ? '' : '<script src="/session/client.js" defer></script>'
  response
    .type('html')
    .send(
      `<!doctype html><html lang="${String(query.lang ?? 'en')}"><head><title>page</title>` +
        `<meta name="viewport" content="width=device-width, initial-scale=1">${client}` +
        `<script src="/session/header.js" defer></script></head>` +
        `<body>${headers}<main><h1>a page</h1></main></body></html>`,
    )
}

/** A module of that text. */
const importText = (text: string): Promise<{ readonly html: string }> =>
  import(`data:text/javascript;base64,${Buffer.from(text).toString('base64')}`)

function application(auth: CitizenMiddleware): express.Express {
  const app = express()
  app.use(auth)
  app.get('/favicon.ico', (_request, response) => {
    response.sendStatus(204)
  })
  app.get('/header', strict, headerPage)
  app.get('/open', (request, response) => html(request, response, '<h1>open to all</h1>'))
  app.get('/private', requireCitizen(), (request, response) => {
    const { sub } = request.citizen.claims
    html(
      request,
      response,
      `<h1>private of ${sub}</h1><label>note <input id="note"></label><a href="/open">open</a>`,
    )
  })
  const recent = requireRecent({ maxAgeSeconds: 300 })
  app.post('/api/recent', recent, express.text({ type: '*/*' }), (request, response) => {
    response.send(`recent ${request.body}`)
  })
  app.get('/react', requireCitizen(), async (_request, response) => {
    const { html: body } = await importText(await bundle('test/browser/react/server.ts', 'esm'))
    response.set('content-security-policy', `default-src 'self'`)
    response.type('html').send(
      `<!doctype html><html lang="en"><title>React</title><div id="root">${body}</div>
      <script src="/react.js"></script></html>`,
    )
  })
  app.get('/browser.js', async (_request, response) => {
    response.type('js').send(await bundle('src/browser/browser.ts', 'esm'))
  })
  app.get('/react.js', async (_request, response) => {
    response.type('js').send(await bundle('test/browser/react/page.ts', 'iife'))
  })
  app.get('/api/me', requireCitizen(), (request, response) => {
    response.json({ sub: request.citizen.claims.sub })
  })
  return app
}

/** A running application, and its provider. */
export interface Pages {
  readonly url: string
  readonly emulator: Emulator
  readonly auth: CitizenMiddleware
  readonly events: readonly CitizenEvent[]
  /** The requests so far, as in `GET /session/status`. */
  readonly requests: readonly string[]
  /** Moves the clock of the servers; it runs on by itself. */
  travel(seconds: number): void
  /** Holds the next answer of a path back, once it is made; the promise is kept then. */
  holdNext(path: string): { readonly made: Promise<void>; release(): void }
  /** Where the server is not to be reached. */
  setReachable(isReachable: boolean): void
  close(): Promise<void>
}

/** Options of the application, also by its address. */
export type GivenSuite = SuiteOptions | ((url: string) => SuiteOptions)

/** The server's clock runs as the browser's does, an hour behind it. */
const clockOfServer = () => Date.now() - 3_600_000

/** Starts the application and its provider, both on loopback. */
export async function startPages(given: GivenSuite = {}): Promise<Pages> {
  const emulator = await createEmulator({ port: 0, clock: clockOfServer })
  const { clock, fetch } = emulator
  const events: CitizenEvent[] = []
  let listener: RequestListener = () => undefined
  const requests: string[] = []
  let held: { readonly path: string; made(end: () => void): void } | undefined
  let isReachable = true
  const server = createServer((incoming, response) => {
    requests.push(`${incoming.method} ${incoming.url}`)
    const holding = held
    if (holding !== undefined && holding.path === incoming.url) {
      held = undefined
      const write = response.end.bind(response)
      const end = (...given: Parameters<typeof write>) => {
        holding.made(() => write(...given))
        return response
      }
      Object.assign(response, { end })
    }
    if (isReachable) listener(incoming, response)
    else incoming.destroy()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://benefits.citizen.localhost:${(server.address() as AddressInfo).port}`
  const suite = typeof given === 'function' ? given(url) : given
  const auth = citizenSession({
    ...suite,
    identityProvider: { url: emulator.url, endpoints: { secondFactor: '/second-factor' } },
    sharedCookie: { domain: 'citizen.localhost' },
    application: {
      id: 'benefits',
      url,
      secrets: ['a secret of thirty-two bytes or more'],
      ...suite.application,
    },
    store: memoryStore({ clock }),
    clock,
    fetch,
    onEvent: (event) => events.push(event),
  })
  listener = application(auth)
  return {
    url,
    emulator,
    auth,
    events,
    requests,
    travel: emulator.travel,
    holdNext(path) {
      let release = () => undefined as unknown
      const made = new Promise<void>((resolve) => {
        held = {
          path,
          made(end) {
            release = end
            resolve()
          },
        }
      })
      return { made, release: () => release() }
    },
    setReachable(next) {
      isReachable = next
      server.closeAllConnections()
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await auth.suite.close()
      await emulator.close()
    },
  }
}

/** Signs somebody in at the provider, from a page of the application back to it. */
export async function signIn(page: Page, address: string, username = 'ana'): Promise<void> {
  await page.goto(address)
  await page.fill('#username', username)
  await page.fill('#password', `${username}-password`)
  await page.press('#password', 'Enter')
  await page.waitForURL(address)
}

/** What the client of a page says. */
export interface Said {
  readonly state: string
  readonly reason: string | null
  readonly secondsLeft: number | null
  readonly isOffline: boolean
  readonly status: { readonly session: { readonly lastSeenAt: number; readonly publicId: string } | null }
}

/** What the client of a page says, once it says what it is waited for: by default, once it has an answer. */
export async function snapshotOf(
  page: Page,
  isIt: (said: Said) => boolean = ({ state }) => state !== 'unknown',
): Promise<Said> {
  // By evaluation alone: waiting inside of the page takes an `eval` that its policy forbids.
  return await vi.waitFor(
    async () => {
      const said: Said = await page.evaluate('citizenSession.client.snapshot')
      if (!isIt(said)) throw new Error(`the client says ${JSON.stringify(said)}`)
      return said
    },
    { timeout: 10_000, interval: 30 },
  )
}

/** The dialog or cover of a page, inside its open shadow tree. */
export const dialogOf = (page: Page) => page.locator('citizen-session dialog')
