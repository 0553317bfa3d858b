/** @module A world with a gate, and a proxy that asks it without a network. */
import { decodeJwt, decodeProtectedHeader } from 'jose'
import type { GateOptions, SuiteOptions } from '../../src/index.js'
import { createKeyRing, memoryKeys } from '../../src/issuing/sso.js'
import { TestExchange } from '../support/exchange.js'
import { createWorld, type World, type WorldOptions } from '../support/world.js'

export const gateSecret = 'a-secret-of-the-proxy-of-32-bytes-or-more'
export const host = 'https://benefits.citizen.example'

/** A link of the site that a person follows. */
export const navigation = {
  'sec-fetch-site': 'same-origin',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  accept: 'text/html',
}
/** `fetch` of a page of the site. */
export const script = {
  'sec-fetch-site': 'same-origin',
  'sec-fetch-mode': 'cors',
  'sec-fetch-dest': 'empty',
  accept: 'application/json',
}

/** What a proxy asks. */
export interface Asked {
  /** What follows `/session/gate`. Default: nothing. */
  readonly at?: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  /** What the browser has asked for. Default: `GET /reports?year=2026`. */
  readonly uri?: string
  readonly originalMethod?: string
  /** Default: {@link gateSecret}. */
  readonly secret?: string
  readonly cookie?: string
}

/** A world whose application `benefits` has a gate. */
export interface GateWorld extends World {
  /** Asks as nginx does. */
  ask(asked?: Asked): Promise<Response>
  /** The cookies of a person who is signed in. */
  cookiesOf(username?: string): Promise<string>
}

/** Makes it: by ES256, for tests make no RSA keys that they do not need. */
export async function createGateWorld(
  gate: GateOptions = {},
  options: SuiteOptions = {},
  world: Omit<WorldOptions, 'applications'> = {},
): Promise<GateWorld> {
  let clock = () => 0
  const keys = testKeys(() => clock())
  const routes = { ...options.routes, gate: { secret: gateSecret, keys, ...gate } }
  const made = await createWorld({ ...world, applications: { benefits: { ...options, routes } } })
  clock = made.now
  return {
    ...made,
    cookiesOf: (username = 'ana') => made.emulator.cookiesFor(username),
    async ask({ at = '', method = 'GET', headers = script, ...asked } = {}) {
      const { uri = '/reports?year=2026', originalMethod = 'GET', secret = gateSecret, cookie } = asked
      const request = new Request(`${host}/session/gate${at}`, {
        method,
        headers: {
          ...(secret === '' ? {} : { 'citizen-gate-secret': secret }),
          'x-original-uri': uri,
          'x-original-method': originalMethod,
          // As Envoy asks, where the address goes on behind the policy.
          ...(/^\/[^/?]+\//.test(at) ? { 'citizen-gate-policy': at.split('/')[1] ?? '' } : {}),
          ...headers,
          ...(cookie === undefined ? {} : { cookie }),
        },
      })
      const exchange = new TestExchange(request)
      const { suite } = made.application('benefits')
      const reply = await suite.endpoint(exchange)?.(exchange)
      if (reply === undefined) throw new Error('no route of ours')
      return exchange.respond(reply)
    },
  }
}

/** A ring of ES256 for a gate. */
export const testKeys = (clock: () => number) =>
  createKeyRing({
    storage: memoryKeys(),
    name: 'gate',
    algorithm: 'ES256',
    rotateEverySeconds: 7_776_000,
    clock,
  })

/** What the token of an answer says. */
export function tokenOf(answer: Response) {
  const token = answer.headers.get('citizen-token')
  if (token === null) throw new Error(`no token: ${answer.status}`)
  return { token, header: decodeProtectedHeader(token), claims: decodeJwt(token) }
}
