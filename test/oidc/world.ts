/** @module A world of OpenID Connect: the emulated provider, applications on sites of their own, one clock, browsers. */
import {
  createEmulator,
  type Emulator,
  type EmulatorOptions,
  type OpenidClient,
} from '../../src/emulator/index.js'
import {
  type CitizenEvent,
  createSuite,
  memoryStore,
  type Store,
  type Suite,
  type SuiteOptions,
} from '../../src/index.js'
import { type OidcOptions, oidc } from '../../src/oidc/oidc.js'
import { type Browser, createBrowser, type Site, type Visit } from '../support/browser.js'
import { serve } from '../support/world.js'

/** An application of the world. */
export interface Party {
  readonly suite: Suite
  readonly url: string
  readonly events: CitizenEvent[]
  readonly handle: Site
}

/** What differs at one application. */
export interface PartyOptions {
  readonly oidc?: Partial<OidcOptions> | undefined
  readonly suite?: SuiteOptions | undefined
  readonly client?: Partial<OpenidClient> | undefined
  /** Whether it keeps a store of its own, as an application of another owner does. */
  readonly ownStore?: boolean | undefined
}

export interface OidcWorld {
  readonly emulator: Emulator
  readonly store: Store
  now(): number
  travel(seconds: number): void
  party(name: string): Party
  /** A second instance of an application. */
  twin(name: string): Party
  browser(): Browser
  /** Signs a person in at an application; types the password where the provider asks for it. */
  signIn(browser: Browser, name: string, username?: string): Promise<Visit>
  /** Everything that left the applications, as one text. */
  readonly called: { readonly url: string; readonly method: string; readonly body: string }[]
  /** Made to fail: origin of the provider cannot be reached by the applications. */
  outage: boolean
}

const start = Date.UTC(2026, 0, 15, 12, 0, 0)
export const providerUrl = 'https://id.citizen.example'
export const urlOf = (name: string): string => `https://${name}.example`

/** The client of an application, as one registers it at the provider. */
export function clientOf(name: string, more: Partial<OpenidClient> = {}): OpenidClient {
  const at = (route: string) => `${urlOf(name)}/session/${route}`
  return {
    client_id: name,
    client_secret: `${name}-secret+/ %`,
    redirect_uris: [at('callback'), at('reauthenticate')],
    post_logout_redirect_uris: [at('return')],
    backchannel_logout_uri: at('backchannel-logout'),
    backchannel_logout_session_required: true,
    performSessionStatusNotification: true,
    response_types: ['code', 'id_token'],
    ...more,
  }
}

/** Makes a world with these applications; they share one store. */
export async function createOidcWorld(
  parties: Readonly<Record<string, PartyOptions>> = { benefits: {} },
  more: {
    readonly emulator?: EmulatorOptions
    readonly store?: (clock: () => number) => Store
    /** Applications that have a second instance, and its own way to the store. */
    readonly twins?: readonly string[]
    readonly twinStore?: (clock: () => number) => Store
  } = {},
): Promise<OidcWorld> {
  let now = start
  const clock = () => now
  const sites = new Map<string, Site>()
  const reach: typeof fetch = async (input, init) => {
    const request = new Request(input, init)
    const site = sites.get(new URL(request.url).origin)
    return site === undefined ? new Response('', { status: 502 }) : site(request)
  }
  const { openid, ...others } = more.emulator ?? {}
  const emulator = await createEmulator({
    url: providerUrl,
    domain: 'citizen.example',
    clock,
    fetch: reach,
    openid: {
      ...openid,
      clients: Object.entries(parties).map(([name, { client }]) => clientOf(name, client)),
    },
    ...others,
  })
  sites.set(emulator.url, (request) => emulator.handle(request))
  const store = more.store?.(clock) ?? memoryStore({ clock })
  const called: OidcWorld['called'] = []
  const built = new Map<string, Party>()
  const twins = new Map<string, Party>()

  const world: OidcWorld = {
    emulator,
    store,
    called,
    outage: false,
    now: clock,
    travel(seconds) {
      now += seconds * 1000
    },
    party(name) {
      const found = built.get(name)
      if (found === undefined) throw new Error(`no application ${name}`)
      return found
    },
    twin(name) {
      const found = twins.get(name)
      if (found === undefined) throw new Error(`no second instance of ${name}`)
      return found
    },
    browser: () => createBrowser(sites),
    async signIn(browser, name, username = 'ana') {
      const visit = await browser.open(`${urlOf(name)}/session/login?returnTo=/private`)
      if (new URL(visit.url).origin !== providerUrl) return visit
      return browser.press(visit, /^Sign in$/, { username, password: `${username}-password` })
    },
  }

  const build = (name: string, given: PartyOptions, partyStore: Store): Party => {
    const events: CitizenEvent[] = []
    const suite = createSuite(
      {
        ...given.suite,
        application: {
          id: name,
          url: urlOf(name),
          secrets: [`a secret of ${name} that is thirty-two bytes or more`],
          ...given.suite?.application,
        },
        protocols: [
          oidc({
            issuer: providerUrl,
            clientId: name,
            clientSecret: `${name}-secret+/ %`,
            scope: 'openid offline_access',
            ...given.oidc,
          }),
        ],
        store: partyStore,
        clock,
        onEvent: (event) => events.push(event),
        fetch: async (input, init) => {
          const request = new Request(input, init)
          called.push({ url: request.url, method: request.method, body: await request.clone().text() })
          if (world.outage) throw new TypeError('fetch failed')
          return emulator.handle(request)
        },
      },
      {},
    )
    return { suite, url: urlOf(name), events, handle: (request: Request) => serve(suite, request) }
  }

  for (const [name, given] of Object.entries(parties)) {
    const party = build(name, given, given.ownStore === true ? memoryStore({ clock }) : store)
    built.set(name, party)
    sites.set(party.url, party.handle)
    if (more.twins?.includes(name)) twins.set(name, build(name, given, more.twinStore?.(clock) ?? store))
  }
  return world
}

/** What the pages of an application say of the person. */
export async function stateAt(browser: Browser, name: string): Promise<Record<string, unknown>> {
  return (await (await browser.fetch(`${urlOf(name)}/open`)).json()) as Record<string, unknown>
}
