/** @module A real site on loopback for the adapters' tests: a free port, the emulated provider in the process. */
import { createServer, type IncomingHttpHeaders, type RequestListener, request } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { type CitizenMiddleware, citizenSession } from '../../adapters/express.js'
import { createEmulator, type Emulator } from '../../src/emulator/index.js'
import { type CitizenEvent, memoryStore, type Store, type SuiteOptions } from '../../src/index.js'
import { perFile } from '../support/per-file.js'

/** The two versions of Express, under the types of the newer one. */
export const expressVersions: readonly (readonly [name: string, express: typeof express])[] = [
  ['Express 5', express],
  ['Express 4', createRequire(import.meta.url)('express4') as typeof express],
]

/** What came back. */
export interface Answer {
  readonly status: number
  readonly reason: string
  readonly headers: IncomingHttpHeaders
  /** Every `Set-Cookie` line. */
  readonly cookies: readonly string[]
  readonly body: string
}

export interface SendOptions {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  /** A list is sent in chunks, without a length. */
  readonly body?: string | Buffer | readonly string[]
}

/** A running site. */
export interface Site {
  readonly url: string
  readonly port: number
  readonly auth: CitizenMiddleware
  readonly emulator: Emulator
  readonly events: readonly CitizenEvent[]
  /** One request with exactly these headers, as no `fetch` would send them. */
  send(path: string, options?: SendOptions): Promise<Answer>
  travel(seconds: number): void
  close(): Promise<void>
}

/** Headers of a browser that shows the answer as a page. */
export const navigation = {
  accept: 'text/html',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  'sec-fetch-site': 'none',
}

/** Headers of a form or script of our own pages. */
export const ownForm = { ...navigation, 'sec-fetch-site': 'same-origin' }
export const ownScript = {
  accept: 'application/json',
  'sec-fetch-mode': 'cors',
  'sec-fetch-dest': 'empty',
  'sec-fetch-site': 'same-origin',
}
export const form = { 'content-type': 'application/x-www-form-urlencoded' }

const start = Date.UTC(2026, 0, 15, 12)

/** One provider for all tests of a file. */
export const sharedEmulator = perFile(() => createEmulator({ clock: () => start }))

export interface SiteOptions {
  readonly suite?: SuiteOptions
  /** Shared by several instances of one application. */
  readonly store?: Store
  /** Public address of the application; default: its port on a name of the emulator's domain. */
  readonly url?: string
}

/** Starts a site; `configure` makes its listener from the middleware. */
export async function startSite(
  configure: (auth: CitizenMiddleware) => RequestListener,
  options: SiteOptions = {},
): Promise<Site> {
  const emulator = await sharedEmulator()
  const events: CitizenEvent[] = []
  let listener: RequestListener = () => undefined
  const server = createServer((incoming, response) => listener(incoming, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const url = options.url ?? `http://benefits.citizen.localhost:${port}`
  const auth = citizenSession({
    ...options.suite,
    identityProvider: { url: emulator.url, ...options.suite?.identityProvider },
    sharedCookie: { domain: 'citizen.localhost', ...options.suite?.sharedCookie },
    application: {
      id: 'benefits',
      url,
      secrets: ['a secret of thirty-two bytes or more'],
      ...options.suite?.application,
    },
    store: options.store ?? memoryStore({ clock: emulator.clock }),
    clock: emulator.clock,
    fetch: emulator.fetch,
    onEvent: (event) => events.push(event),
  })
  listener = configure(auth)
  return {
    url,
    port,
    auth,
    emulator,
    events,
    send: (path, given = {}) => send(port, path, atHost(url, given)),
    travel: emulator.travel,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await auth.suite.close()
      emulator.reset()
    },
  }
}

/** The same request, to the host of an address unless it names one itself. */
export function atHost(url: string, options: SendOptions = {}): SendOptions {
  return { ...options, headers: { host: new URL(url).host, ...options.headers } }
}

/** Sends one request to a port of this machine, with exactly these headers. */
export function send(
  port: number,
  path: string,
  { method = 'GET', headers = {}, body }: SendOptions = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (incoming) => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
      incoming.on('end', () =>
        resolve({
          status: incoming.statusCode ?? 0,
          reason: incoming.statusMessage ?? '',
          headers: incoming.headers,
          cookies: incoming.headers['set-cookie'] ?? [],
          body: Buffer.concat(chunks).toString('utf8'),
        }),
      )
      incoming.on('error', reject)
    })
    outgoing.on('error', reject)
    if (Array.isArray(body)) for (const chunk of body) outgoing.write(chunk)
    else if (typeof body === 'string' || Buffer.isBuffer(body)) {
      outgoing.setHeader('content-length', Buffer.byteLength(body))
      outgoing.write(body)
    }
    outgoing.end()
  })
}
