/**
 * @module One application, and several providers that know nothing of each other: each names its people, sessions and keys
 * as all others do.
 */
import { createHash } from 'node:crypto'
import { createEmulator, type Emulator } from '../../src/emulator/index.js'
import {
  type CitizenEvent,
  createSuite,
  memoryStore,
  type Store,
  type Suite,
  type SuiteOptions,
} from '../../src/index.js'
import { type OidcOptions, oidc } from '../../src/oidc/oidc.js'
import type { Protocol } from '../../src/protocols/protocol.js'
import { type SamlOptions, saml } from '../../src/saml/saml.js'
import { keyOf } from '../saml/world.js'
import { type Browser, createBrowser, type Site, type Visit } from '../support/browser.js'
import { serve, shown } from '../support/world.js'

/** A provider, by the name under which the application has it: `oidc` and `saml` are those without one. */
export interface Given {
  /** `shared-cookie`: the provider of the shared cookie, on our own domain. */
  readonly protocol: 'oidc' | 'saml' | 'shared-cookie'
  readonly oidc?: Partial<OidcOptions> | undefined
  readonly saml?: Partial<SamlOptions> | undefined
}

/** An instance of the application. */
export interface Instance {
  readonly suite: Suite
  readonly events: CitizenEvent[]
  readonly handle: Site
}

export interface PluralPlace extends Instance {
  readonly store: Store
  readonly sites: Map<string, Site>
  /** Every address that servers have asked. */
  readonly called: string[]
  now(): number
  travel(seconds: number): void
  emulator(name: string): Emulator
  /** From now on all providers give the same names again, each in its order. */
  align(): void
  /** The plug-in of a provider, made anew. */
  plugIn(name: string, more?: Omit<Given, 'protocol'>): Protocol
  /** Another instance: same address and secrets, its own suite; these providers, or all. */
  instance(names?: readonly string[], suite?: SuiteOptions): Instance
  browser(): Browser
  /** Goes on through every page whose form sends itself. */
  follow(browser: Browser, visit: Visit): Promise<Visit>
  /** Signs in at a provider, by a link that names it; types the password where the provider asks for it. */
  signIn(browser: Browser, via: string, username?: string): Promise<Visit>
  /** The same from any page of ours on. */
  goOn(browser: Browser, visit: Visit, username?: string): Promise<Visit>
  who(browser: Browser): ReturnType<typeof shown>
}

export const home = 'https://benefits.example'
const start = Date.UTC(2026, 0, 15, 12, 0, 0)
export const originOf = (name: string): string =>
  name === 'shared-cookie' ? 'https://id.benefits.example' : `https://${name}.idp.example`
const unnamed = new Set(['oidc', 'saml'])
/** Where the routes of a provider are, with a slash behind them. */
export const routesOf = (name: string): string => `${home}/session/${name === 'oidc' ? '' : `${name}/`}`
const nameIn = (name: string): string | undefined => (unnamed.has(name) ? undefined : name)

/** The same bytes in the same order, for each provider: so all give the same names to their sessions. */
function createSameRandom() {
  const serials = new Map<string, number>()
  return {
    of(name: string) {
      serials.set(name, 0)
      return (bytes: number) => {
        const serial = (serials.get(name) ?? 0) + 1
        serials.set(name, serial)
        return new Uint8Array(createHash('sha512').update(String(serial)).digest().subarray(0, bytes))
      }
    },
    align() {
      const latest = Math.max(...serials.values())
      for (const name of serials.keys()) serials.set(name, latest)
    },
  }
}

/** Makes the place; the providers in the order of the option `protocols`. */
export async function createPlural(
  providers: Readonly<Record<string, Given>>,
  more: {
    readonly suite?: SuiteOptions | undefined
    readonly store?: (clock: () => number) => Store
    /** Those that the first instance has; default: all. */
    readonly installed?: readonly string[] | undefined
  } = {},
): Promise<PluralPlace> {
  let now = start
  const clock = () => now
  const sites = new Map<string, Site>()
  const called: string[] = []
  const reach: typeof fetch = async (input, init) => {
    const request = new Request(input, init)
    called.push(request.url)
    return sites.get(new URL(request.url).origin)?.(request) ?? new Response('', { status: 502 })
  }
  const emulators = new Map<string, Emulator>()
  const random = createSameRandom()
  for (const [name, { protocol }] of Object.entries(providers)) {
    const at = (route: string) => `${routesOf(name)}${route}`
    const client = {
      client_id: 'benefits',
      client_secret: 'a secret',
      redirect_uris: [at('callback'), at('reauthenticate')],
      post_logout_redirect_uris: [`${home}/session/return`],
      backchannel_logout_uri: at('backchannel-logout'),
      backchannel_logout_session_required: true,
    }
    const emulator = await createEmulator({
      url: originOf(name),
      domain: protocol === 'shared-cookie' ? 'benefits.example' : `${name}.idp.example`,
      random: random.of(name),
      clock,
      fetch: reach,
      ...(protocol === 'oidc' && { openid: { clients: [client] } }),
      ...(protocol === 'saml' && { saml: { serviceProviders: [{ metadataUrl: at('metadata') }] } }),
    })
    emulators.set(name, emulator)
    sites.set(emulator.url, (request) => emulator.handle(request))
  }
  const store = more.store?.(clock) ?? memoryStore({ clock })
  const emulatorOf = (name: string): Emulator => {
    const found = emulators.get(name)
    if (found === undefined) throw new Error(`no provider ${name}`)
    return found
  }
  const plugIn = (name: string, differing: Omit<Given, 'protocol'> = {}): Protocol => {
    const given = providers[name]
    const emulator = emulatorOf(name)
    if (given?.protocol === 'saml') {
      return saml({
        name: nameIn(name),
        identityProvider: emulator.saml.entityId,
        metadataUrl: emulator.saml.metadataUrl,
        ...keyOf('benefits'),
        ...given.saml,
        ...differing.saml,
      })
    }
    return oidc({
      name: nameIn(name),
      issuer: emulator.url,
      clientId: 'benefits',
      clientSecret: 'a secret',
      scope: 'openid offline_access',
      ...given?.oidc,
      ...differing.oidc,
    })
  }
  const instance = (
    names: readonly string[] = Object.keys(providers),
    suiteOptions: SuiteOptions = {},
  ): Instance => {
    const events: CitizenEvent[] = []
    const shared = names.includes('shared-cookie') && {
      identityProvider: { url: originOf('shared-cookie') },
      sharedCookie: { domain: 'benefits.example' },
    }
    const suite = createSuite(
      {
        ...shared,
        ...more.suite,
        ...suiteOptions,
        application: {
          id: 'benefits',
          url: home,
          sensitivity: 'basic',
          secrets: ['a secret that is thirty-two bytes or more'],
          ...more.suite?.application,
        },
        protocols: names.filter((name) => name !== 'shared-cookie').map((name) => plugIn(name)),
        store: suiteOptions.store ?? store,
        clock,
        fetch: reach,
        onEvent: (event) => events.push(event),
      },
      {},
    )
    return { suite, events, handle: (request) => serve(suite, request) }
  }
  const first = instance(more.installed)
  sites.set(home, first.handle)
  const place: PluralPlace = {
    ...first,
    store,
    sites,
    called,
    now: clock,
    travel(seconds) {
      now += seconds * 1000
    },
    emulator: emulatorOf,
    align: random.align,
    plugIn,
    instance,
    browser: () => createBrowser(sites),
    async follow(browser, visit) {
      let current = visit
      for (let hops = 0; hops < 12 && /\bsubmit\b/.test(current.body); hops += 1) {
        current = await browser.press(current, /./)
      }
      return current
    },
    async goOn(browser, visit, username = 'ana') {
      const asked = await place.follow(browser, visit)
      if (!/\/login\b/.test(new URL(asked.url).pathname) || asked.url.startsWith(home)) return asked
      const typed = { username, password: `${username}-password` }
      return place.follow(browser, await browser.press(asked, /^Sign in$/, typed))
    },
    async signIn(browser, via, username) {
      const visit = await browser.open(`${home}/session/login?returnTo=/private&via=${via}`)
      return place.goOn(browser, visit, username)
    },
    who: (browser) => shown(browser.fetch(`${home}/open`)),
  }
  return place
}
