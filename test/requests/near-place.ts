/** @module Two instances of one application with near reads over one store, and a browser that is signed in at both. */
import { expect } from 'vitest'
import { type Assurance, type Claims, createSuite, type Store, type Suite } from '../../src/index.js'
import type { RecordAddress } from '../../src/session-record.js'
import { createNearServer, type NearInstance, type NearServer } from '../stores/near/near-instances.js'
import { createBrowser, type Site } from '../support/browser.js'
import { TestExchange } from '../support/exchange.js'
import { issuer, providerSite, type Script, scriptedProtocol } from '../support/scripted-protocol.js'
import { createWorld, optionsOf, serve } from '../support/world.js'

const start = Date.UTC(2026, 0, 15, 12, 0, 0)
const idleSeconds = 1800
const secrets = ['a secret of thirty-two bytes or more']
export const activity = {
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  'sec-fetch-site': 'none',
}
export const poll = { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', 'citizen-activity': 'none' }

/** What {@link closePlaces} closes, the last first. */
export const closing: (() => Promise<unknown>)[] = []

/** Closes all places of a test. */
export async function closePlaces(): Promise<void> {
  for (const close of closing.splice(0).reverse()) await close()
}

/** What the provider says of the person from now on. */
export interface Says {
  readonly method: Assurance['method']
  readonly role?: string | undefined
}

/** Two instances of one application, and a browser that is signed in. */
export interface Place {
  readonly server: NearServer
  readonly one: NearInstance & { readonly suite: Suite }
  readonly other: NearInstance & { readonly suite: Suite }
  readonly url: string
  /** The cookies of the browser, as it sends them. */
  cookie(): Promise<string>
  signInAgain(): Promise<void>
  /** The provider authorizes the session anew, and says this of its person; no sign-in. */
  reauthorize(says: Says): Promise<void>
  travel(seconds: number): void
  now(): number
  /** A suite over the store of the first, which has the keys and has seen no token of hers. */
  stranger?(): Promise<Suite>
}

export interface Given {
  readonly revocations?: (server: { readonly clock: () => number }) => Promise<Store>
  readonly tokenSeconds?: number
}

export async function sharedCookie({ revocations, tokenSeconds = 3600 }: Given = {}): Promise<Place> {
  let server: NearServer | undefined
  const world = await createWorld({
    store(clock) {
      server = createNearServer(clock)
      return server.strict
    },
    applications: {},
    emulator: { tokenSeconds },
  })
  const { emulator } = world
  if (server === undefined) throw new Error('there is no server')
  const elsewhere = await revocations?.({ clock: world.now })
  const instances = [await server.open(), await server.open()].map((instance) => {
    const given = optionsOf(
      'benefits',
      { emulator, clock: world.now, store: instance.store },
      { application: { idleSeconds } },
    )
    return {
      ...instance,
      suite: createSuite({ ...given, ...(elsewhere === undefined ? {} : { revocations: elsewhere }) }, {}),
    }
  })
  const [one, other] = instances
  if (one === undefined || other === undefined) throw new Error('there is no instance')
  const { url } = one.suite.options.application
  const stranger = async () => {
    const parts = { emulator, clock: world.now, store: one.store }
    const suite = createSuite(optionsOf('benefits', parts, { application: { idleSeconds } }), {})
    closing.push(() => suite.close())
    const headers = { ...activity, cookie: await emulator.cookiesFor('dan') }
    await suite.authenticate(new TestExchange(new Request(`${url}/private`, { headers })))
    return suite
  }
  let cookies = await emulator.cookiesFor('ana')
  closing.push(
    () => server?.close() ?? Promise.resolve(),
    () => one.suite.close(),
    () => other.suite.close(),
  )
  return {
    server,
    one,
    other,
    url,
    cookie: async () => cookies,
    async signInAgain() {
      cookies = await emulator.cookiesFor('ana')
    },
    async reauthorize({ method, role }) {
      const payload = /c1_payload=([^;]+)/.exec(cookies)?.[1] ?? ''
      const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Claims
      world.travel(1)
      const [isMfa, isDidAuth] = [method !== 'password', method === 'did']
      const times = { iat: claims.iat + 1, exp: claims.exp + 1 }
      cookies = emulator.cookieHeader(
        await emulator.signToken({ ...claims, ...times, isMfa, isDidAuth, role }),
      )
    },
    travel: world.travel,
    now: world.now,
    stranger,
  }
}

async function sessionCookie({ revocations, tokenSeconds = 0 }: Given = {}): Promise<Place> {
  let now = start
  const clock = () => now
  const server = createNearServer(clock)
  const url = 'https://benefits.example'
  const sites = new Map<string, Site>([
    [issuer, providerSite(`${url}/session/return`, `${url}/session/scripted/callback`)],
  ])
  const elsewhere = await revocations?.({ clock })
  const scripts: Script[] = []
  const made = [await server.open(), await server.open()].map((instance) => {
    const scripted = scriptedProtocol()
    scripts.push(scripted.script)
    scripted.script.sid = 's1'
    scripted.script.tokenSeconds = tokenSeconds
    const suite = createSuite(
      {
        application: { id: 'benefits', url, secrets, sensitivity: 'basic', idleSeconds },
        protocols: [scripted.protocol],
        store: instance.store,
        clock,
        ...(elsewhere === undefined ? {} : { revocations: elsewhere }),
      },
      {},
    )
    return { ...instance, suite }
  })
  const [one, other] = made
  if (one === undefined || other === undefined) throw new Error('there is no instance')
  sites.set(url, (request) => serve(one.suite, request))
  const browser = createBrowser(sites)
  const signIn = () => browser.open(`${url}/session/login?returnTo=/private`)
  await signIn()
  closing.push(
    () => server.close(),
    () => one.suite.close(),
    () => other.suite.close(),
  )
  return {
    server,
    one,
    other,
    url,
    cookie: () => browser.cookieHeader(url),
    async signInAgain() {
      now += 5000
      await browser.open(`${url}/session/login?returnTo=/private&maxAge=1`)
    },
    async reauthorize({ method, role }) {
      now += 301_000
      const seconds = Math.floor(now / 1000)
      const claims = { iss: issuer, sub: 'ana', iat: seconds, exp: seconds + 300, role }
      const person = { claims, level: method === 'did' ? 2 : 1, method }
      const expiresAt = now + tokenSeconds * 1000
      const tokens = JSON.stringify({ serial: seconds, expiresAt })
      for (const script of scripts) script.renewal = { kind: 'tokens', tokens, expiresAt, person }
    },
    travel(seconds) {
      now += seconds * 1000
    },
    now: clock,
  }
}

export const places = { 'the shared cookie': sharedCookie, 'the session cookie': sessionCookie }

/** A request, as authenticate answers it: a value, or a promise. */
export async function ask(
  { url }: Place,
  { suite }: { readonly suite: Suite },
  cookie: string,
  headers: Readonly<Record<string, string>> = activity,
) {
  const exchange = new TestExchange(new Request(`${url}/private`, { headers: { ...headers, cookie } }))
  const answer = suite.authenticate(exchange)
  const isAtOnce = !(answer instanceof Promise)
  return { citizen: await answer, isAtOnce, set: exchange.cookies }
}
/** The address of the session that began last. */
export function addressIn({ server }: Place): RecordAddress {
  const address = server.addresses.at(-1)
  if (address === undefined) throw new Error('no session has begun')
  return address
}

/** What the requests of both instances have in common: both have seen the session. */
export async function known(make: (given?: Given) => Promise<Place>, given?: Given) {
  const place = await make(given)
  const cookie = await place.cookie()
  for (const instance of [place.one, place.other]) {
    for (const _ of [1, 2]) {
      const { citizen } = await ask(place, instance, cookie)
      expect(citizen.state).toBe('active')
    }
    instance.commands()
  }
  // What begins a session is news to the others: read once more.
  for (const instance of [place.one, place.other]) await ask(place, instance, cookie)
  for (const instance of [place.one, place.other]) instance.commands()
  const { server, one, other, url, travel } = place
  return { place, cookie, server, one, other, url, travel }
}
