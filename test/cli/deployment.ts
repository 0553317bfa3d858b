/** @module A whole deployment on loopback: the emulated provider and Express applications behind a proxy with TLS. */
import { createServer as createHttpServer, request, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import express, { type Express } from 'express'
import { type CitizenMiddleware, citizenSession } from '../../adapters/express.js'
import { createEmulator, type Emulator, type EmulatorOptions } from '../../src/emulator/index.js'
import { memoryStore, type SuiteOptions } from '../../src/index.js'
import { createCertificate } from '../support/certificate.js'

/** Header lines of an answer, as name and value, which a proxy may change. */
export type HeaderLines = readonly (readonly [name: string, value: string])[]

/** What the proxy does to an answer on its way to the browser. */
export type Tamper = (
  headers: HeaderLines,
  about: { readonly host: string; readonly path: string },
) => HeaderLines

/** A running deployment. */
export interface Deployment {
  readonly emulator: Emulator
  /** Origin of each application by its name. */
  readonly origins: Readonly<Record<string, string>>
  /** PEM of the proxy's certificate. */
  readonly certificate: string
  readonly port: number
  /** The variables of the first application. */
  readonly environment: Readonly<Record<string, string>>
  /** Changes answers from now on; `undefined`: passes them on as they are. */
  tamper(change: Tamper | undefined): void
  close(): Promise<void>
}

/** An application: its host's first label, its options, and what stands before the middleware. */
export interface ApplicationSetting {
  readonly name: string
  readonly options?: SuiteOptions
  readonly before?: (app: Express) => void
}

export interface DeploymentSetting {
  readonly domain?: string
  readonly applications?: readonly ApplicationSetting[]
  readonly emulator?: EmulatorOptions
  /** Port of the TLS proxy that stands before everything, where it is not ours. */
  readonly proxy?: (
    sites: readonly { readonly name: string; readonly port: number }[],
  ) => Promise<{ readonly port: number; readonly certificate: string; stop(): Promise<void> }>
}

export const secret = 'a secret of thirty-two bytes or more'

function listen(server: Server | ReturnType<typeof createTlsServer>): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
}

function stop(server: Server | ReturnType<typeof createTlsServer>): Promise<void> {
  server.closeAllConnections()
  return new Promise((resolve) => server.close(() => resolve()))
}

/** Starts a deployment. Everything listens on free ports of 127.0.0.1. */
export async function startDeployment(setting: DeploymentSetting = {}): Promise<Deployment> {
  const { domain = 'citizen.localhost', applications = [{ name: 'benefits' }] } = setting
  const idName = `id.${domain}`
  const ports = new Map<string, number>()
  const listeners = new Map<string, Express>()
  const servers: Server[] = []
  for (const { name } of applications) {
    const server = createHttpServer((incoming, outgoing) => listeners.get(name)?.(incoming, outgoing))
    ports.set(`${name}.${domain}`, await listen(server))
    servers.push(server)
  }
  // The provider's address has the proxy's port in it, and the proxy wants to know the provider's: a relay between.
  const relay = createHttpServer((incoming, outgoing) => {
    const to = request(
      {
        host: '127.0.0.1',
        port: ports.get('emulator'),
        path: incoming.url,
        method: incoming.method,
        headers: incoming.headers,
        agent: false,
      },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
        answer.pipe(outgoing)
      },
    )
    to.on('error', () => incoming.socket.destroy())
    incoming.pipe(to)
  })
  ports.set(idName, await listen(relay))
  servers.push(relay)
  let change: Tamper | undefined
  const proxy = await (setting.proxy ?? ownProxy)([...ports].map(([name, port]) => ({ name, port })))

  async function ownProxy(sites: readonly { readonly name: string; readonly port: number }[]) {
    const { key, certificate } = createCertificate([domain, `*.${domain}`])
    const server = createTlsServer({ key, cert: certificate }, (incoming, outgoing) => {
      const host = (incoming.headers.host ?? '').split(':')[0] ?? ''
      const path = (incoming.url ?? '').split('?')[0] ?? ''
      const port = sites.find(({ name }) => name === host)?.port
      if (port === undefined) return void outgoing.writeHead(421).end()
      const to = request(
        {
          host: '127.0.0.1',
          port,
          path: incoming.url,
          method: incoming.method,
          headers: incoming.headers,
          agent: false,
        },
        (answer) => {
          const lines: [string, string][] = []
          for (let at = 0; at + 1 < answer.rawHeaders.length; at += 2) {
            lines.push([answer.rawHeaders[at] ?? '', answer.rawHeaders[at + 1] ?? ''])
          }
          const changed = change === undefined ? lines : change(lines, { host, path })
          outgoing.writeHead(answer.statusCode ?? 502, changed.flat())
          answer.pipe(outgoing)
        },
      )
      to.on('error', () => outgoing.destroy())
      incoming.pipe(to)
    })
    const port = await listen(server)
    return { port, certificate, stop: () => stop(server) }
  }

  const emulator = await createEmulator({
    url: `https://${idName}:${proxy.port}`,
    domain,
    port: 0,
    ...setting.emulator,
  })
  ports.set('emulator', Number(new URL(emulator.internalUrl).port))
  const store = memoryStore()
  const auths: CitizenMiddleware[] = []
  const origins: Record<string, string> = {}
  for (const { name, options, before } of applications) {
    const url = `https://${name}.${domain}:${proxy.port}`
    const auth = citizenSession({
      ...options,
      identityProvider: {
        url: emulator.url,
        internalUrl: emulator.internalUrl,
        ...options?.identityProvider,
      },
      sharedCookie: { domain, ...options?.sharedCookie },
      application: { id: name, url, secrets: [secret], ...options?.application },
      store: options?.store ?? store,
      onEvent: () => undefined,
    })
    const app = express()
    before?.(app)
    app.use(auth)
    listeners.set(name, app)
    auths.push(auth)
    origins[name] = url
  }
  const [first] = applications
  return {
    emulator,
    origins,
    certificate: proxy.certificate,
    port: proxy.port,
    environment: {
      CITIZEN_IDENTITY_PROVIDER_URL: emulator.url,
      CITIZEN_IDENTITY_PROVIDER_INTERNAL_URL: emulator.internalUrl,
      CITIZEN_SHARED_COOKIE_DOMAIN: domain,
      CITIZEN_APPLICATION_ID: first?.name ?? '',
      CITIZEN_APPLICATION_URL: origins[first?.name ?? ''] ?? '',
      CITIZEN_APPLICATION_SECRETS: secret,
    },
    tamper(wanted) {
      change = wanted
    },
    async close() {
      await proxy.stop()
      await Promise.all(servers.map(stop))
      await Promise.all(auths.map((auth) => auth.suite.close()))
      await emulator.close()
    },
  }
}
