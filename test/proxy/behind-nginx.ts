/** @module Two Express applications and their provider behind a real nginx with TLS, on names below `localhost`. */
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { type CitizenMiddleware, citizenSession, requireCitizen } from '../../adapters/express.js'
import { createEmulator, type Emulator } from '../../src/emulator/index.js'
import { type CitizenEvent, memoryStore, type Store } from '../../src/index.js'
import { type Browser, createBrowser, type Site } from '../support/browser.js'
import { startNginx, type TestNginx } from '../support/nginx.js'
import { siteOn } from '../support/wire.js'

export const domain = 'citizen.localhost'
const hosts = { id: `id.${domain}`, benefits: `benefits.${domain}`, library: `library.${domain}` } as const

/** An application behind the proxy. */
export interface ProxiedApplication {
  /** `https://<name>.citizen.localhost:<port>` */
  readonly url: string
  readonly auth: CitizenMiddleware
  readonly events: readonly CitizenEvent[]
}

export interface BehindNginx {
  readonly nginx: TestNginx
  readonly emulator: Emulator
  readonly benefits: ProxiedApplication
  readonly library: ProxiedApplication
  /** A browser with a cookie jar, which trusts the one certificate. */
  browser(): Browser
  /** One request as it is written here, to the proxy. */
  readonly send: Site
  travel(seconds: number): void
  close(): Promise<void>
}

const page = (request: express.Request, response: express.Response): void => {
  const { protocol, hostname, ip, citizen } = request as typeof request & { citizen: { state: string } }
  response.json({ protocol, hostname, ip, state: citizen.state })
}

async function listen(listener: () => RequestListener): Promise<{ server: Server; port: number }> {
  const server = createServer((request, response) => listener()(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, port: (server.address() as AddressInfo).port }
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
}

/**
 * Starts everything. `before` is put before our middleware, as an application's own headers are. `strips`: the path of
 * the application `benefits`, which nginx takes away.
 */
export async function startBehindNginx(
  before: readonly express.RequestHandler[] = [],
  strips?: string,
): Promise<BehindNginx> {
  const listeners: Partial<Record<keyof typeof hosts, RequestListener>> = {}
  const serve = (name: keyof typeof hosts) =>
    listen(() => listeners[name] ?? ((_, response) => response.writeHead(503).end()))
  const servers = {
    id: await serve('id'),
    benefits: await serve('benefits'),
    library: await serve('library'),
  }
  const nginx = await startNginx([
    { name: hosts.id, port: servers.id.port },
    { name: hosts.benefits, port: servers.benefits.port, strips },
    { name: hosts.library, port: servers.library.port },
  ])
  const emulator = await createEmulator({ url: nginx.origin(hosts.id), domain })
  listeners.id = (request, response) => void relay(emulator, request, response)
  const store = memoryStore({ clock: emulator.clock })

  const start = (name: 'benefits' | 'library'): ProxiedApplication => {
    const url = nginx.origin(hosts[name])
    const events: CitizenEvent[] = []
    const auth = citizenSession({
      identityProvider: { url: emulator.url, endpoints: { secondFactor: '/second-factor' } },
      sharedCookie: { domain },
      application: {
        id: name,
        url,
        path: name === 'benefits' ? strips : undefined,
        secrets: ['a secret of thirty-two bytes or more'],
        sensitivity: 'basic',
      },
      store: store as Store,
      clock: emulator.clock,
      fetch: emulator.fetch,
      onEvent: (event) => events.push(event),
    })
    const app = express().set('trust proxy', 'loopback')
    for (const each of before) app.use(each)
    app.use(auth)
    app.get('/open', page).get('/private', requireCitizen(), page).get('/{*deep}', page)
    listeners[name] = app
    return { url, auth, events }
  }
  const benefits = start('benefits')
  const library = start('library')
  const site = siteOn({ port: nginx.port, certificate: nginx.certificate })
  return {
    nginx,
    emulator,
    benefits,
    library,
    send: site,
    browser: () => createBrowser(new Map([emulator, benefits, library].map(({ url }) => [url, site]))),
    travel: emulator.travel,
    async close() {
      await nginx.stop()
      for (const each of [benefits, library]) await each.auth.suite.close()
      for (const { server } of Object.values(servers)) await close(server)
    },
  }
}

/** Hands a request of node:http to the emulator, whose own server would need its port before nginx knows it. */
async function relay(emulator: Emulator, ...[request, response]: Parameters<RequestListener>): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  const body = Buffer.concat(chunks)
  const headers = new Headers()
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers.set(name, String(value))
  }
  const url = new URL(request.url ?? '/', emulator.url)
  const { method = 'GET' } = request
  const answer = await emulator.handle(
    new Request(url, { method, headers, ...(body.length > 0 && { body }) }),
  )
  response.statusCode = answer.status
  for (const [name, value] of answer.headers) if (name !== 'set-cookie') response.setHeader(name, value)
  response.setHeader('set-cookie', answer.headers.getSetCookie())
  response.end(Buffer.from(await answer.arrayBuffer()))
}
