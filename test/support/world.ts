/** @module A small world: the emulated identity provider, applications on one base domain, one clock, browsers. */
import { createEmulator, type Emulator, type EmulatorOptions } from '../../src/emulator/index.js'
import {
  type Citizen,
  type CitizenEvent,
  type CitizenSession,
  createSuite,
  type Demand,
  memoryStore,
  type Store,
  type Suite,
  type SuiteOptions,
} from '../../src/index.js'
import { type Browser, createBrowser, type Site } from './browser.js'
import { TestExchange } from './exchange.js'

/** An application of the world. */
export interface Application {
  readonly suite: Suite
  readonly url: string
  readonly events: CitizenEvent[]
  readonly handle: Site
}

export interface World {
  readonly emulator: Emulator
  readonly applications: Readonly<Record<string, Application>>
  readonly now: () => number
  /** Moves the one clock of everything. */
  travel(seconds: number): void
  /** A browser that reaches the provider and every application. */
  browser(): Browser
  /** Signs a person in at the provider by its login page, coming from an application. */
  signIn(browser: Browser, application: string, username?: string): Promise<void>
  application(name: string): Application
  store: Store
}

export interface WorldOptions {
  /** Options of each application by its name; the name is also the id and the host's first label. */
  readonly applications?: Readonly<Record<string, SuiteOptions>> | undefined
  readonly emulator?: EmulatorOptions | undefined
  readonly store?: ((clock: () => number) => Store) | undefined
  /** Applications that keep a store of their own. */
  readonly ownStores?: readonly string[] | undefined
}

/** Options that fit the world's domain, besides those of the one application. */
export const base = 'citizen.example'
const start = Date.UTC(2026, 0, 15, 12, 0, 0)

/** What an application of the world serves besides our routes: `/` and `/open` for everybody, the rest guarded. */
export const guarded: Readonly<Record<string, Demand>> = {
  '/private': {},
  '/mfa': { secondFactor: true },
  '/level2': { level: 2 },
  '/recent': { maxAgeSeconds: 300 },
}

/** Makes a world. Everything shares one clock, which stands still until it is moved. */
export async function createWorld(options: WorldOptions = {}): Promise<World> {
  let now = start
  const clock = () => now
  const emulator = await createEmulator({
    url: `https://id.${base}`,
    domain: base,
    clock,
    control: true,
    ...options.emulator,
  })
  const store = options.store?.(clock) ?? memoryStore({ clock })
  const applications: Record<string, Application> = {}
  const sites = new Map<string, Site>([[emulator.url, (request) => emulator.handle(request)]])
  for (const [name, given] of Object.entries(options.applications ?? { benefits: {} })) {
    const application = createApplication(name, given, {
      emulator,
      clock,
      store: options.ownStores?.includes(name) ? memoryStore({ clock }) : store,
    })
    applications[name] = application
    sites.set(application.url, application.handle)
  }
  const world: World = {
    emulator,
    applications,
    store,
    now: clock,
    travel(seconds) {
      now += seconds * 1000
    },
    browser: () => createBrowser(sites),
    application(name) {
      const found = applications[name]
      if (found === undefined) throw new Error(`no application ${name}`)
      return found
    },
    async signIn(browser, name, username = 'ana') {
      const page = await browser.open(`${world.application(name).url}/session/login?returnTo=/private`)
      if (page.url.endsWith('/private')) return
      const done = await browser.press(page, /^Sign in$/, { username, password: `${username}-password` })
      if (!done.url.endsWith('/private') || done.status !== 200) {
        throw new Error(`sign-in ended at ${done.url} (${done.status}):\n${done.body}`)
      }
    },
  }
  return world
}

/** Options of an application in the world. */
export function optionsOf(
  name: string,
  parts: { emulator: Emulator; clock: () => number; store: Store },
  given: SuiteOptions = {},
): SuiteOptions {
  return {
    ...given,
    identityProvider: {
      url: parts.emulator.url,
      endpoints: { secondFactor: '/second-factor' },
      ...given.identityProvider,
    },
    sharedCookie: { domain: base, ...given.sharedCookie },
    application: {
      id: name,
      url: `https://${name}.${base}`,
      secrets: ['a secret of thirty-two bytes or more'],
      ...given.application,
    },
    store: given.store ?? parts.store,
    fetch: parts.emulator.fetch,
    clock: parts.clock,
  }
}

function createApplication(
  name: string,
  given: SuiteOptions,
  parts: { emulator: Emulator; clock: () => number; store: Store },
): Application {
  const events: CitizenEvent[] = []
  const suite = createSuite({ ...optionsOf(name, parts, given), onEvent: (event) => events.push(event) }, {})
  return { suite, url: suite.options.application.url, events, handle: (request) => serve(suite, request) }
}

/** Serves a request as an adapter does. */
export async function serve(suite: Suite, request: Request): Promise<Response> {
  const exchange = new TestExchange(request)
  const handler = suite.endpoint(exchange)
  if (handler !== undefined) {
    const reply = await handler(exchange)
    if (reply !== undefined) return exchange.respond(reply)
  }
  const citizen = await suite.authenticate(exchange)
  const { pathname } = new URL(request.url)
  const demand = guarded[pathname]
  const refusal = demand === undefined ? undefined : suite.guard(exchange, citizen, demand)
  return exchange.respond(
    refusal ?? { status: 200, headers: { 'content-type': 'application/json' }, body: show(citizen) },
  )
}

/** What the pages of the world, and the status route, say of a citizen. */
export interface Shown {
  readonly state: Citizen['state']
  readonly provider: string | undefined
  readonly reason: string | null | undefined
  readonly sub: string | undefined
  readonly degraded: boolean
  readonly session: { readonly [name in keyof CitizenSession]: CitizenSession[name] }
  readonly assurance: { readonly level: number; readonly method: string; readonly authenticatedAt?: number }
}

/** Reads what an answer of the world shows. */
export async function shown(response: Response | Promise<Response>): Promise<Shown> {
  return (await (await response).json()) as Shown
}

function show(citizen: Citizen): string {
  const { state, provider, reason, session, assurance, degraded } = citizen
  return JSON.stringify({ state, provider, reason, session, assurance, degraded, sub: citizen.claims?.sub })
}
