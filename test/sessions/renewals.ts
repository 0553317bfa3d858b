/** @module Both kinds of renewal, each with one person, a store that fails on demand, and a provider that detects reuse. */
import { createEmulator } from '../../src/emulator/index.js'
import {
  type CitizenEvent,
  createSuite,
  memoryStore,
  type Store,
  StoreUnavailableError,
  type Suite,
} from '../../src/index.js'
import { createPlace, home } from '../attacks/oidc-place.js'
import { optionsOf, serve, shown } from '../support/world.js'

/** What the person is told. */
type Shown = Record<string, unknown>

/** A session that is renewed at a provider which takes each token once. */
export interface Engine {
  /** A request that touches, answered by an instance; without one by the first. */
  visit(instance?: Suite): Promise<Shown>
  travel(seconds: number): void
  readonly suite: Suite
  twin(): Suite
  readonly events: CitizenEvent[]
  /** Every token that was sent to be renewed. */
  readonly sent: string[]
  /** Which calls of the store fail. */
  readonly fault: {
    fails: (name: string) => boolean
    /** Runs before a call. */
    before: (name: string, given: readonly unknown[], store: Store) => void
    count: number
  }
  readonly script: {
    /** Runs when a token has been sent, before the provider looks at it. */
    onSent: () => Promise<void> | void
    /** May replace the provider's answer, or lose it by throwing. */
    onAnswer: (answer: Response) => Promise<Response> | Response
  }
}

/** Where a store comes from: as it is, or each answer a promise. */
export interface EngineOptions {
  readonly store?: ((clock: () => number) => Store) | undefined
  readonly isSlow?: boolean | undefined
}

/** So long after the sign-in a renewal is due. */
export const dueSeconds = 601

function faulty(store: Store, fault: Engine['fault'], isSlow: boolean): Store {
  return new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function' || name === 'ready' || name === 'close') return member
      const run = (given: unknown[]): unknown => {
        if (fault.fails(String(name))) {
          fault.count += 1
          throw new StoreUnavailableError('the store is away')
        }
        fault.before(String(name), given, target)
        return member.apply(target, given) as unknown
      }
      return isSlow ? async (...given: unknown[]) => run(given) : (...given: unknown[]) => run(given)
    },
  })
}

const beginning = () => ({
  events: [] as CitizenEvent[],
  sent: [] as string[],
  fault: { fails: () => false, before: () => undefined, count: 0 } as Engine['fault'],
  script: { onSent: () => undefined, onAnswer: (answer: Response) => answer } as Engine['script'],
})

async function sharedCookie(given: EngineOptions = {}): Promise<Engine> {
  let now = Date.UTC(2026, 0, 15, 12)
  const clock = () => now
  const parts = beginning()
  const emulator = await createEmulator({
    url: 'https://id.citizen.example',
    domain: 'citizen.example',
    clock,
    tokenSeconds: 1200,
    idleSeconds: 86_400,
    sessionSeconds: 86_400,
    acceptsOlderTokens: false,
  })
  const store = faulty(given.store?.(clock) ?? memoryStore({ clock }), parts.fault, given.isSlow === true)
  const options = {
    ...optionsOf(
      'benefits',
      { emulator, clock, store },
      {
        application: { sensitivity: 'basic' },
        identityProvider: { refresh: { waitMilliseconds: 5000 } },
      },
    ),
    onEvent: (event: CitizenEvent) => parts.events.push(event),
    fetch: async (input: string | URL | Request, init?: RequestInit) => {
      const request = new Request(input, init)
      if (request.method !== 'POST') return emulator.fetch(request)
      const { token } = (await request.clone().json()) as { token: string }
      parts.sent.push(token)
      await parts.script.onSent()
      return parts.script.onAnswer(await emulator.fetch(request))
    },
  }
  const suite = createSuite(options, {})
  const jar = new Map<string, string>()
  const take = (line: string) => {
    const [pair = ''] = line.split(';', 1)
    const [name = ''] = pair.split('=', 1)
    if (name.startsWith('c1_') && pair.length > name.length + 1) jar.set(name, pair)
  }
  for (const pair of (await emulator.cookiesFor('ana')).split('; ')) take(pair)
  const engine: Engine = {
    ...parts,
    suite,
    twin: () => createSuite(options, {}),
    travel(seconds) {
      now += seconds * 1000
    },
    async visit(instance = suite) {
      const headers = { cookie: [...jar.values()].join('; '), 'sec-fetch-site': 'same-origin' }
      const answer = await serve(instance, new Request('https://benefits.citizen.example/open', { headers }))
      for (const line of answer.headers.getSetCookie()) take(line)
      return (await shown(answer)) as unknown as Shown
    },
  }
  await engine.visit()
  return engine
}

async function openidConnect(given: EngineOptions = {}): Promise<Engine> {
  const parts = beginning()
  let current = 'r0'
  const place = createPlace({
    suite: { application: { sensitivity: 'basic' } },
    oidc: { refresh: { waitMilliseconds: 5000 } },
    store: (plain) => faulty(given.store?.(() => place.now()) ?? plain, parts.fault, given.isSlow === true),
  })
  place.script.expiresIn = 1200
  place.script.onToken = async (form) => {
    const spent = form.get('refresh_token')
    const isRefresh = spent !== null
    if (isRefresh) {
      parts.sent.push(spent)
      await parts.script.onSent()
      if (spent !== current) return Response.json({ error: 'invalid_grant' }, { status: 400 })
    }
    current = `r${parts.sent.length}`
    const nonce = place.asked.at(-1)?.get('nonce')
    const answer = Response.json({
      access_token: `a${parts.sent.length}`,
      token_type: 'Bearer',
      expires_in: 1200,
      refresh_token: current,
      ...(isRefresh ? {} : { id_token: place.idToken({ nonce }) }),
    })
    return isRefresh ? parts.script.onAnswer(answer) : answer
  }
  const browser = place.browser()
  await browser.open(`${home}/session/login?returnTo=/private`)
  return {
    ...parts,
    events: place.events,
    suite: place.suite,
    twin: place.twin,
    travel: place.travel,
    async visit(instance) {
      place.script.instance = () => instance
      const answer = await browser.fetch(`${home}/open`)
      return (await shown(answer)) as unknown as Shown
    },
  }
}

/** Both engines: what holds in one must hold in the other. */
export const engines = [
  ['the shared cookie', sharedCookie],
  ['OpenID Connect', openidConnect],
] as const satisfies readonly (readonly [string, (given?: EngineOptions) => Promise<Engine>])[]
