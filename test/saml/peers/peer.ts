/** @module Peers of SAML that nobody here wrote, each a program on a port, and an application of ours over real HTTP. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import express from 'express'
import { type CitizenMiddleware, citizenSession, requireCitizen } from '../../../adapters/express.js'
import { root } from '../../../examples/set-up.mjs'
import type { CitizenEvent } from '../../../src/index.js'
import { memoryStore } from '../../../src/index.js'
import { type SamlOptions, saml } from '../../../src/saml/saml.js'
import { createKey } from '../../emulator/saml-world.js'
import { program } from '../../examples/sso-languages.js'
import type { ProgramKind } from '../../programs.mjs'
import { type Browser, createBrowser, type Site, type Visit } from '../../support/browser.js'
import { endWithUs } from '../../support/orphans.js'
import { forAllFiles } from '../../support/rsa-keys.js'
import { siteOn } from '../../support/wire.js'

/** A program that speaks SAML. */
export interface Peer {
  readonly url: string
  readonly port: number
  /** Asks an address of it, as no browser does. @throws Error with what it says where it fails */
  ask(path: string, body?: unknown): Promise<unknown>
  close(): Promise<void>
}

/** The keys of both parties, made once. */
export const peerKeys = forAllFiles(() => ({
  application: createKey('application'),
  peer: createKey('peer'),
}))

/**
 * Starts a peer: `file` beside this one, by the interpreter of its kind. It learns of the other party by the `url` of its
 * metadata.
 */
export async function startPeer(kind: ProgramKind, file: string, url: string): Promise<Peer> {
  const child = spawn(program(kind), [join(root, 'test/saml/peers', file)], {
    // Nothing of ours gets through; what is written beside programs by Python would be left in the repository.
    env: {
      PATH: process.env.PATH,
      LANG: 'C.UTF-8',
      PYTHONDONTWRITEBYTECODE: '1',
      PEER_TRACE: process.env.PEER_TRACE,
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  endWithUs(child)
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text
    if (process.env.PEER_TRACE) process.stderr.write(text)
  })
  const { privateKey, certificate } = peerKeys.peer
  child.stdin.on('error', () => {})
  child.stdin.write(`${JSON.stringify({ url, key: privateKey, certificate })}\n`)
  const exited = once(child, 'exit')
  const line = await Promise.race([once(child.stdout.setEncoding('utf8'), 'data'), exited])
  const port = Number(line[0])
  if (child.exitCode !== null || !(port > 0)) throw new Error(`${file} did not start: ${said}`)
  const address = `http://127.0.0.1:${port}`
  return {
    url: address,
    port,
    async ask(path, body) {
      const response = await fetch(`${address}${path}`, {
        ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
      })
      const text = await response.text()
      if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`)
      return JSON.parse(text)
    },
    async close() {
      child.stdin.end()
      await exited
    },
  }
}

/** An application of ours on a port, which can be made anew with other options. */
export interface Application {
  readonly url: string
  readonly port: number
  readonly metadataUrl: string
  readonly events: CitizenEvent[]
  /** Makes it anew: no session, no event, the clock right. */
  create(options: Partial<SamlOptions>): void
  /** Moves the application's clock alone. */
  travel(seconds: number): void
  close(): Promise<void>
}

/** Opens the port of an application; the provider that it trusts is said by {@link Application.create}. */
export async function startApplication(): Promise<Application> {
  let ahead = 0
  let listener: RequestListener = (_, response) => response.writeHead(503).end()
  let auth: CitizenMiddleware | undefined
  const events: CitizenEvent[] = []
  const server = createServer((request, response) => listener(request, response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  // Another site than that of the peer, which is at an address.
  const url = `http://localhost:${port}`
  const clock = () => Date.now() + ahead
  const { privateKey, certificate } = peerKeys.application
  return {
    url,
    port,
    metadataUrl: `${url}/session/saml/metadata`,
    events,
    create(options) {
      void auth?.suite.close()
      ahead = 0
      events.length = 0
      auth = citizenSession({
        application: {
          id: 'benefits',
          url,
          secrets: ['a secret of the application, thirty-two bytes or more'],
          sensitivity: 'basic',
        },
        protocols: [saml({ identityProvider: '', privateKey, certificate, ...options })],
        store: memoryStore({ clock }),
        clock,
        onEvent: (event) => events.push(event),
      })
      listener = express()
        .use(auth)
        .get('/private', requireCitizen(), ({ citizen }, response) => response.json(citizen.claims))
        .get('/open', ({ citizen: { state, reason } }, response) => response.json({ state, reason }))
    },
    travel(seconds) {
      ahead += seconds * 1000
    },
    async close() {
      await auth?.suite.close()
      server.closeAllConnections()
      server.close()
    },
  }
}

/** A browser that reaches these servers, over real HTTP. */
export function browserFor(...servers: readonly { readonly url: string; readonly port: number }[]): Browser {
  return createBrowser(new Map(servers.map(({ url, port }): [string, Site] => [url, siteOn({ port })])))
}

/** Goes on through every page whose form sends itself, and those of a peer that wait for a press. */
export async function follow(
  browser: Browser,
  visit: Visit,
  pages = /\bsubmit\b|<button>Continue</,
): Promise<Visit> {
  let current = visit
  for (let hops = 0; hops < 12 && pages.test(current.body); hops += 1) {
    current = await browser.press(current, /./)
  }
  return current
}

/** The page with a message in its form changed by a hand between the two. */
export function changed(page: Visit, name: string, change: (xml: string) => string): Visit {
  const before = messageOf(page, name)
  const after = change(before)
  if (after === before) throw new Error(`nothing to change in ${before}`)
  return { ...page, body: page.body.replace(fieldOf(page, name), Buffer.from(after).toString('base64')) }
}

const fieldOf = (page: Visit, name: string): string =>
  new RegExp(`name="${name}" value="([^"]*)"`).exec(page.body)?.[1] ?? ''
/** The XML of a message in a form. */
export const messageOf = (page: Visit, name: string): string =>
  Buffer.from(fieldOf(page, name), 'base64').toString()
