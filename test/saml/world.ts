/** @module A world of SAML: the emulated provider, applications on sites of their own, one clock, browsers. */
import {
  createEmulator,
  type Emulator,
  type SamlOptions as ProviderOptions,
} from '../../src/emulator/index.js'
import {
  type CitizenEvent,
  createSuite,
  memoryStore,
  type Store,
  type Suite,
  type SuiteOptions,
} from '../../src/index.js'
import { type SamlOptions, saml } from '../../src/saml/saml.js'
import { type Browser, createBrowser, type Site, type Visit } from '../support/browser.js'
import { perFile } from '../support/per-file.js'
import { forAllFiles } from '../support/rsa-keys.js'
import { serve, shown } from '../support/world.js'
import { createKeyPair, type KeyPair } from './provider.js'

/** An instance of an application. */
export interface Party {
  readonly suite: Suite
  readonly url: string
  readonly events: CitizenEvent[]
  readonly handle: Site
}

/** What differs at one application. */
export interface PartyOptions {
  readonly saml?: Partial<SamlOptions> | undefined
  readonly suite?: SuiteOptions | undefined
  readonly store?: Store | undefined
  /** How far its clock is ahead of the world's; below 0: behind. */
  readonly aheadSeconds?: number | undefined
}

export interface SamlWorld {
  readonly emulator: Emulator
  readonly store: Store
  readonly sites: Map<string, Site>
  now(): number
  travel(seconds: number): void
  party(name: string): Party
  /** Another instance of an application: same address, its own suite. */
  instance(name: string, options?: PartyOptions): Party
  browser(): Browser
  /** Goes on through every page whose form sends itself. */
  follow(browser: Browser, visit: Visit): Promise<Visit>
  /** Signs a person in at an application; types the password where the provider asks for it. */
  signIn(browser: Browser, name: string, username?: string): Promise<Visit>
  /** What the application knows of the browser's person. */
  who(browser: Browser, name: string): ReturnType<typeof shown>
  /** Signs out everywhere at an application, through all pages. */
  signOut(browser: Browser, name: string): Promise<Visit>
}

export const providerUrl = 'https://id.citizen.example'
export const urlOf = (name: string): string => `https://${name}.example`
export const entityOf = (name: string): string => `${urlOf(name)}/session/saml/metadata`

const start = Date.UTC(2026, 0, 15, 12, 0, 0)
const keys = new Map<string, KeyPair>()

/** The key of an application, made once. */
export function keyOf(name: string): { readonly privateKey: string; readonly certificate: string } {
  const pair = keys.get(name) ?? forAllFiles(() => createKeyPair())
  keys.set(name, pair)
  return {
    privateKey: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificate: pair.pem,
  }
}

interface Surroundings {
  clock: () => number
  fetch: typeof fetch
}

/** Keys cost more than everything else: an emulator of the same options is reset and used in the next world. */
const emulators = perFile(
  () => new Map<string, { readonly emulator: Promise<Emulator>; readonly around: Surroundings }>(),
)

async function emulatorFor(options: ProviderOptions, around: Surroundings): Promise<Emulator> {
  const key = JSON.stringify(options)
  const known = emulators().get(key)
  if (known !== undefined) {
    Object.assign(known.around, around)
    const emulator = await known.emulator
    emulator.reset()
    return emulator
  }
  const emulator = createEmulator({
    url: providerUrl,
    domain: 'citizen.example',
    clock: () => around.clock(),
    fetch: (input, init) => around.fetch(input, init),
    saml: options,
  })
  emulators().set(key, { emulator, around })
  return emulator
}

/** Makes a world with these applications; they share one store. */
export async function createSamlWorld(
  parties: Readonly<Record<string, PartyOptions>> = { benefits: {} },
  more: {
    readonly provider?: Partial<ProviderOptions>
    readonly store?: (clock: () => number) => Store
  } = {},
): Promise<SamlWorld> {
  let now = start
  const clock = () => now
  const sites = new Map<string, Site>()
  const reach: typeof fetch = async (input, init) => {
    const request = new Request(input, init)
    const site = sites.get(new URL(request.url).origin)
    return site === undefined ? new Response('', { status: 502 }) : site(request)
  }
  const serviceProviders = Object.keys(parties).map((name) => ({ metadataUrl: entityOf(name) }))
  const emulator = await emulatorFor({ serviceProviders, ...more.provider }, { clock, fetch: reach })
  sites.set(emulator.url, (request) => emulator.handle(request))
  const store = more.store?.(clock) ?? memoryStore({ clock })
  const built = new Map<string, Party>()

  const build = (name: string, given: PartyOptions): Party => {
    const events: CitizenEvent[] = []
    const ahead = (given.aheadSeconds ?? 0) * 1000
    const suite = createSuite(
      {
        ...given.suite,
        application: {
          id: name,
          url: urlOf(name),
          secrets: [`a secret of ${name} that is thirty-two bytes or more`],
          sensitivity: 'basic',
          ...given.suite?.application,
        },
        protocols: [
          saml({
            identityProvider: emulator.saml.entityId,
            metadataUrl: emulator.saml.metadataUrl,
            ...keyOf(name),
            ...given.saml,
          }),
        ],
        store: given.store ?? store,
        clock: () => clock() + ahead,
        onEvent: (event) => events.push(event),
        fetch: reach,
      },
      {},
    )
    return { suite, url: urlOf(name), events, handle: (request) => serve(suite, request) }
  }

  const world: SamlWorld = {
    emulator,
    store,
    sites,
    now: clock,
    travel(seconds) {
      now += seconds * 1000
    },
    party(name) {
      const found = built.get(name)
      if (found === undefined) throw new Error(`no application ${name}`)
      return found
    },
    instance: (name, options = {}) => build(name, options),
    browser: () => createBrowser(sites),
    async follow(browser, visit) {
      let current = visit
      for (let hops = 0; hops < 12 && /\bsubmit\b/.test(current.body); hops += 1) {
        current = await browser.press(current, /./)
      }
      return current
    },
    async signIn(browser, name, username = 'ana') {
      const visit = await browser.open(`${urlOf(name)}/session/login?returnTo=/private`)
      const asked = await world.follow(browser, visit)
      if (!asked.url.startsWith(`${providerUrl}/login`)) return asked
      const typed = { username, password: `${username}-password` }
      return world.follow(browser, await browser.press(asked, /^Sign in$/, typed))
    },
    who: (browser, name) => shown(browser.fetch(`${urlOf(name)}/open`)),
    async signOut(browser, name) {
      return world.follow(browser, await browser.post(`${urlOf(name)}/session/logout`))
    },
  }

  for (const [name, given] of Object.entries(parties)) {
    const party = build(name, given)
    built.set(name, party)
    sites.set(party.url, party.handle)
  }
  return world
}
