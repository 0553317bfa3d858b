/** @module Input of any content, from fixed seeds: answered with less than 500, or ignored; and nobody is two people. */
import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { createTransactionCookies } from '../../src/cookies/transaction.js'
import { digest, equalsInConstantTime } from '../../src/digest.js'
import { createEmulator, type Emulator } from '../../src/emulator/index.js'
import {
  createSuite,
  type Exchange,
  memoryStore,
  type SetCookie,
  type Suite,
  type SuiteOptions,
  serializeCookie,
} from '../../src/index.js'
import { oidc } from '../../src/oidc/oidc.js'
import type { Protocol } from '../../src/protocols/protocol.js'
import { createSealer } from '../../src/seal.js'
import { ownScript } from '../adapters/site.js'
import { scriptedProtocol } from '../support/scripted-protocol.js'

const origin = 'https://benefits.citizen.example'
const now = Date.UTC(2026, 0, 15, 12)
const clock = () => now
const seed = 20_261_129
const secret = 'a secret of thirty-two bytes or more'

/** What every suite here is made with. */
const base: SuiteOptions = {
  application: { id: 'benefits', url: origin, secrets: [secret] },
  clock,
  onEvent: () => undefined,
}

let emulator: Emulator
let cookie: string
let suites: readonly Suite[]
beforeAll(async () => {
  emulator = await createEmulator({ url: 'https://id.citizen.example', domain: 'citizen.example', clock })
  cookie = await emulator.cookiesFor('ana')
  const common = {
    application: { id: 'benefits', url: origin, secrets: [secret] },
    fetch: emulator.fetch,
    clock,
    onEvent: () => undefined,
  }
  const shared = { identityProvider: { url: emulator.url }, sharedCookie: { domain: 'citizen.example' } }
  const openid = oidc({
    issuer: 'https://op.citizen.example',
    clientId: 'benefits',
    clientSecret: 'secret-of-the-client',
  })
  suites = [
    createSuite({ ...common, ...shared, store: memoryStore({ clock }) }, {}),
    createSuite({ ...common, ...shared, protocols: [openid], store: memoryStore({ clock }) }, {}),
  ]
})

/** What an adapter hands over; nothing is made right on the way. */
class RawExchange implements Exchange {
  readonly remoteAddress = '127.0.0.1'
  readonly cookies: string[] = []
  readonly method: string
  readonly target: string
  readonly #headers: Readonly<Record<string, string>>
  readonly #body: string

  constructor(method: string, target: string, headers: Readonly<Record<string, string>>, body: string) {
    this.method = method
    this.target = target
    this.#headers = headers
    this.#body = body
  }

  header(name: string): string | undefined {
    return this.#headers[name]
  }

  async body(): Promise<Uint8Array> {
    return Buffer.from(this.#body, 'latin1')
  }

  async form(): Promise<URLSearchParams> {
    return new URLSearchParams(this.#body)
  }

  setCookie(given: SetCookie): void {
    this.cookies.push(serializeCookie(given))
  }
}

/** Any octets that Node lets through in a header or an address. */
const octets = fc
  .array(fc.oneof(fc.integer({ min: 0x20, max: 0x7e }), fc.integer({ min: 0x80, max: 0xff })), {
    maxLength: 40,
  })
  .map((codes) => String.fromCharCode(...codes))
const words = fc.constantFrom(
  '/',
  '//evil.example',
  'javascript:alert(1)',
  '/session/return?state=abcdefghijklmnopqrstuvwxyzabcdef',
  '%2Fsession%2Freturn%3Fstate%3D',
  '%E0%A4%A',
  '%00',
  '%ud800',
  '1e999',
  '-1',
  '__proto__',
  'x'.repeat(5000),
)
const text = fc.oneof(octets, words)
const pair = <T>(name: fc.Arbitrary<string>, value: fc.Arbitrary<T>) => fc.tuple(name, value)
const list = <T>(each: fc.Arbitrary<T>, maxLength = 4) => fc.array(each, { maxLength })

const parameterNames = fc.constantFrom(
  'state',
  'returnTo',
  'level',
  'maxAge',
  'secondFactor',
  'via',
  'again',
  'scope',
  'next',
  'code',
  'error',
  'iss',
  'sid',
  'logout_token',
  'session_state',
  '__proto__',
)
const parameters = list(pair(fc.oneof({ weight: 5, arbitrary: parameterNames }, octets), text)).map((pairs) =>
  pairs.map(([name, value]) => `${name}=${value}`).join('&'),
)
const ownNames = fc.constantFrom(
  'seen',
  'sid',
  'login',
  'logout',
  'login.abcdefgh',
  'logout.abcdefgh',
  'oidc.abcdefgh',
  'login.',
  'logout.é',
  'login. "',
  'login.a b',
  'login.=',
)
const cookies = list(
  fc.oneof(
    pair(
      ownNames.map((name) => `__Host-benefits.${name}`),
      text,
    ),
    pair(
      fc
        .tuple(fc.constantFrom('login', 'logout'), octets)
        .map(([name, rest]) => `__Host-benefits.${name}.${rest}`),
      text,
    ),
    pair(
      fc.constantFrom('c1_header', 'c1_payload', 'c1_signature', '__Host-benefits.seen', '__proto__'),
      text,
    ),
  ),
  8,
).map((pairs) => pairs.map(([name, value]) => `${name}=${value}`).join('; '))
const headers = fc
  .record(
    {
      cookie: fc.oneof(
        cookies,
        cookies.map((more) => `${cookie}; ${more}`),
      ),
      accept: fc.oneof(text, fc.constantFrom('text/html', 'text/event-stream', 'application/json')),
      'accept-language': text,
      origin: fc.oneof(text, fc.constant(origin)),
      referer: text,
      'sec-fetch-site': fc.oneof(fc.constantFrom('same-origin', 'same-site', 'cross-site', 'none'), text),
      'sec-fetch-mode': fc.oneof(fc.constantFrom('navigate', 'cors', 'no-cors'), text),
      'sec-fetch-dest': fc.oneof(fc.constantFrom('document', 'empty', 'iframe'), text),
      'content-type': fc.oneof(fc.constant('application/x-www-form-urlencoded'), text),
      'citizen-activity': text,
      upgrade: text,
      purpose: text,
    },
    { requiredKeys: [] },
  )
  .map((record) => Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)))
const routes = fc.constantFrom(
  'login',
  'logout',
  'return',
  'leave',
  'status',
  'extend',
  'profile',
  'applications',
  'client.js',
  'header.js',
  'callback',
  'backchannel-logout',
  'frontchannel-logout',
  'check-session',
  'reauthenticate',
)
const paths = fc.oneof(
  { weight: 6, arbitrary: routes.map((route) => `/session/${route}`) },
  { weight: 2, arbitrary: fc.constantFrom('/private', '/', '*', 'http://evil.example/x') },
  octets.map((rest) => `/session/${rest}`),
  octets.map((rest) => `/${rest}`),
)
const requests = fc.record({
  method: fc.constantFrom('GET', 'POST', 'HEAD', 'PUT', 'OPTIONS'),
  path: paths,
  query: parameters,
  headers,
  body: parameters,
})

async function answer(suite: Suite, exchange: RawExchange) {
  const handler = suite.endpoint(exchange)
  const reply = handler === undefined ? undefined : await handler(exchange)
  if (reply !== undefined) return reply
  suite.skips(exchange)
  const citizen = await suite.authenticate(exchange)
  return suite.guard(exchange, citizen, {}) ?? { status: 200, headers: {} }
}

describe('HLD-21 bad strings', () => {
  it.each([0, 1])('requests of any content are answered with less than 500 (suite %i)', async (index) => {
    await fc.assert(
      fc.asyncProperty(requests, async ({ method, path, query, headers: given, body }) => {
        const target = query === '' ? path : `${path}?${query}`
        const exchange = new RawExchange(method, target, given, body)
        const reply = await answer(suites[index] as Suite, exchange)
        // A provider that cannot be reached is an outage, and is said as one: this one is not there.
        const isOutage = index === 1 && reply.status === 503
        if (!isOutage) expect(reply.status).toBeLessThan(500)
        expect(() => new Headers(reply.headers)).not.toThrow()
        const block = exchange.cookies.reduce((sum, line) => sum + line.length + 14, 0)
        expect(block).toBeLessThan(8192)
      }),
      { seed, numRuns: 400 },
    )
  })

  const units = fc
    .array(fc.oneof(fc.integer({ min: 0xd800, max: 0xdfff }), fc.constantFrom(0x61, 0xfffd, 0x30, 0x3a, 0)), {
      maxLength: 4,
    })
    .map((codes) => String.fromCharCode(...codes))

  it('two people, or two lists of texts, never share a digest, and never pass for equal', () => {
    const seen = new Map<string, string>()
    fc.assert(
      fc.property(fc.array(units, { minLength: 1, maxLength: 3 }), (parts) => {
        const name = JSON.stringify(parts)
        const found = digest(...parts)
        expect(found).toMatch(/^[\w-]{22}$/)
        expect(seen.get(found) ?? name).toBe(name)
        seen.set(found, name)
      }),
      { seed, numRuns: 4000 },
    )
    expect(seen.size).toBeGreaterThan(1000)
    expect(equalsInConstantTime('\ud800', '\ud801')).toBe(false)
    expect(equalsInConstantTime('\ud800', '\ufffd')).toBe(false)
    expect(equalsInConstantTime('\ud83d\ude00', '\u{1f600}')).toBe(true)
  })

  it('a well-formed text has the digest that it had in 0.1.0', () => {
    expect(digest('person', 'https://id.example', 'ana')).toBe('KbO57DqnWt87vci5s0S4SW')
    expect(digest('person', 'https://id.example', 'Zoë \u{1f600}')).toBe('jgi1ancsmP_StFT0eiqgwD')
  })

  it('subjects that differ in half a character alone are people of their own: one signs out, the others stay', async () => {
    const seconds = now / 1000
    const kind = { mfaRequired: false, isMfa: false, isDidAuth: false }
    const people = await Promise.all(
      ['\ud800', '\ud801', '\ufffd'].map(async (sub) => {
        const claims = { iss: emulator.url, sub, jti: 'one', iat: seconds, exp: seconds + 1800, ...kind }
        return { cookie: emulator.cookieHeader(await emulator.signToken(claims)), ...ownScript }
      }),
    )
    const [suite] = suites as [Suite]
    const look = (given: Record<string, string>) =>
      suite.authenticate(new RawExchange('GET', '/private', given, ''))
    const citizens = await Promise.all(people.map(look))
    expect(citizens.map(({ state }) => state)).toEqual(['active', 'active', 'active'])
    const [first = {}, ...others] = people
    const exchange = new RawExchange('POST', '/session/logout', first, '')
    expect((await suite.endpoint(exchange)?.(exchange))?.status).toBe(200)
    expect(await look(first)).toMatchObject({ state: 'anonymous', reason: 'signed-out' })
    for (const other of others) expect(await look(other)).toMatchObject({ state: 'active' })
  })
})

describe('HLD-21 a refresh answered with anything', () => {
  const answers = fc.record({
    status: fc.constantFrom(200, 200, 201, 204, 302, 400, 401, 403, 429, 500),
    type: fc.constantFrom('application/json', 'text/html', 'application/json; charset=utf-16', ''),
    body: fc.oneof(
      fc.json({ maxDepth: 3 }),
      text,
      text.map((token) => JSON.stringify({ token })),
      fc.constantFrom(
        '{"token":{"a":1}}',
        '{"token":["a.b.c"]}',
        '{"__proto__":{"token":"a.b.c"}}',
        '{"token":"\\ud800.a.b"}',
        '\ufeff{}',
        'null',
        '',
      ),
    ),
    retryAfter: fc.oneof(text, fc.constantFrom('1e999', '-1', 'NaN', 'Wed, 21 Oct 2099 07:28:00 GMT')),
  })

  it('ends or keeps the session, and answers with less than 500', async () => {
    await fc.assert(
      fc.asyncProperty(answers, async ({ status, type, body, retryAfter }) => {
        let at = now
        const answering: typeof fetch = async (input, init) => {
          if (init?.method !== 'POST') return emulator.fetch(input, init)
          const isBare = status === 204
          return new Response(isBare ? null : body, {
            status,
            headers: { 'content-type': type, 'retry-after': encodeURI(retryAfter) },
          })
        }
        const suite = createSuite(
          {
            identityProvider: { url: emulator.url },
            sharedCookie: { domain: 'citizen.example' },
            application: { id: 'benefits', url: origin, idleSeconds: 3600, secrets: [secret] },
            fetch: answering,
            clock: () => at,
            store: memoryStore({ clock: () => at }),
            onEvent: () => undefined,
          },
          {},
        )
        const given = { cookie, ...ownScript }
        expect((await suite.authenticate(new RawExchange('GET', '/', given, ''))).state).toBe('active')
        at += 1_000_000
        const citizen = await suite.authenticate(new RawExchange('GET', '/', given, ''))
        expect(['active', 'anonymous']).toContain(citizen.state)
        await suite.close()
      }),
      { seed, numRuns: 60 },
    )
  })
})

describe('HLD-21 the address that a login comes back to', () => {
  const navigation = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
  const visit = (target: string, given: Record<string, string> = {}) => {
    const exchange = new RawExchange('GET', target, { ...navigation, 'sec-fetch-site': 'none', ...given }, '')
    return Promise.resolve(suites[0]?.endpoint(exchange)?.(exchange)).then((reply) => ({ reply, exchange }))
  }
  const round = (state: string) =>
    `/session/login?returnTo=${encodeURIComponent(`${origin}/session/return?state=${state}`)}`

  it('in the query of a stranger is nothing: the login goes on to the provider', async () => {
    for (const state of ['a'.repeat(32), '', 'x', '%']) {
      const { reply } = await visit(round(state))
      expect(reply?.status).toBe(302)
      expect(reply?.headers.location).toMatch(/^https:\/\/id\.citizen\.example\/login/)
    }
  })

  it('in the browser whose login has come round is a page, and no server error', async () => {
    const { reply: sent, exchange } = await visit('/session/login')
    const state = /state%3D([\w-]{32})/.exec(sent?.headers.location ?? '')?.[1] ?? ''
    const kept = exchange.cookies.map((line) => line.split(';', 1)[0]).join('; ')
    const { reply } = await visit(round(state), { cookie: kept })
    expect(reply?.status).toBe(400)
    expect(reply?.body).toContain('<main')
    const wrapped = `/session/login?returnTo=${encodeURIComponent(round(state))}`
    expect((await visit(wrapped, { cookie: kept })).reply?.status).toBe(400)
  })
})

describe('HLD-21 transactions', () => {
  const naming = { application: 'benefits', isSecure: true }
  const sealer = createSealer({ application: 'benefits', secrets: [secret], random: randomBytes })
  const store = memoryStore({ clock })
  const transactions = createTransactionCookies<{ text: string }>({
    ...naming,
    purpose: 'login',
    sealer,
    store,
    random: randomBytes,
  })
  const exchangeWith = (given: string) => new RawExchange('GET', '/', { cookie: given }, '')

  it('that we cannot have set are left alone, and the others deleted', () => {
    const own = '__Host-benefits.login.abcdefgh=1'
    const exchange = exchangeWith(
      ['', 'é', 'abcdefg', 'abcdefghi', 'a b c d e', 'abcd"fgh']
        .map((end) => `__Host-benefits.login.${end}=1; `)
        .join('') + own,
    )
    transactions.clear(exchange)
    expect(exchange.cookies).toHaveLength(1)
    expect(exchange.cookies[0]).toMatch(/^__Host-benefits\.login\.abcdefgh=; .*Max-Age=0/)
    expect(() => transactions.set(exchange, { text: 'x' }, now)).not.toThrow()
  })

  it('of a hundred that were planted only some are deleted at a time, and the real one is found', () => {
    const planted = Array.from({ length: 100 }, (_, index) =>
      `__Host-benefits.login.planted${index % 10}${index}`.slice(0, 30),
    )
    const exchange = exchangeWith('')
    const state = transactions.set(exchange, { text: 'real' }, now)
    const real = exchange.cookies[0]?.split(';', 1)[0] ?? ''
    const crowd = exchangeWith([...planted.map((name) => `${name}=1`), real].join('; '))
    expect(transactions.find(crowd, state, now)?.content).toEqual({ text: 'real' })
    transactions.set(crowd, { text: 'another' }, now)
    expect(crowd.cookies.length).toBeLessThanOrEqual(11)
  })

  it('are set with the first content that a cookie has room for, or not at all', () => {
    const content = (length: number) => ({ text: 'x'.repeat(length) })
    const exchange = exchangeWith('')
    const state = transactions.createState()
    expect(transactions.setFirst(exchange, [content(4000), content(3000), content(5)], now, state)).toBe(true)
    expect(exchange.cookies).toHaveLength(1)
    const kept = exchangeWith(exchange.cookies[0]?.split(';', 1)[0] ?? '')
    expect(transactions.find(kept, state, now)?.content).toEqual(content(5))
    expect(transactions.setFirst(exchange, [content(4000)], now, state)).toBe(false)
    expect(exchange.cookies).toHaveLength(1)
  })

  it('HLD-05 forbid after the clock was put back, and permit no more than within the skew', () => {
    const exchange = exchangeWith('')
    const state = transactions.set(exchange, { text: 'x' }, now)
    const kept = exchangeWith(exchange.cookies[0]?.split(';', 1)[0] ?? '')
    for (const [passed, forbids, permits] of [
      [-86_400, true, false],
      [-61, true, false],
      [-60, true, true],
      [899, true, true],
      [900, false, false],
    ] as const) {
      const then = now + passed * 1000
      expect(transactions.pending(kept, then).length > 0).toBe(forbids)
      expect(transactions.find(kept, state, then) !== undefined).toBe(permits)
    }
  })

  it('of a logout never keep it from being told, however much there is to remember', async () => {
    const { protocol, script } = scriptedProtocol()
    for (const size of [300, 1800, 1990, 4000]) {
      for (const many of [0, 2, 30]) {
        for (const length of [0, 500, 1400]) {
          const visit = {
            action: 'https://provider.example/end',
            method: 'post',
            fields: { hint: 'x'.repeat(size) },
          } as const
          const leg = {
            leg: 'tokens',
            target: `https://provider.example/${'r'.repeat(200)}`,
            state: 'timed-out',
            reason: 'timeout',
            milliseconds: 2000,
          } as const
          script.parting = {
            legs: Array.from({ length: many }, () => leg),
            visit,
            retry: 'y'.repeat(1100),
            identity: { state: 'unknown' },
          }
          const own = createSuite({ ...base, protocols: [protocol], store: memoryStore({ clock }) }, {})
          const at = (method: string, target: string, given: Record<string, string>, body = '') => {
            const exchange = new RawExchange(method, target, given, body)
            return Promise.resolve(own.endpoint(exchange)?.(exchange)).then((reply) => ({ reply, exchange }))
          }
          const cookiesOf = (exchange: RawExchange) =>
            exchange.cookies
              .filter((line) => !line.includes('Max-Age=0'))
              .map((line) => line.split(';', 1)[0])
              .join('; ')
          const left = await at('GET', '/session/login', { accept: 'text/html' })
          const state = new URL(left.reply?.headers.location ?? '').searchParams.get('state')
          const back = await at('GET', `/session/scripted/callback?state=${state}`, {
            cookie: cookiesOf(left.exchange),
          })
          const signedIn = cookiesOf(back.exchange)
          const body = length === 0 ? '' : `returnTo=/${'r'.repeat(length)}`
          const out = await at('POST', '/session/logout', { ...ownScript, cookie: signedIn }, body)
          expect(out.reply?.status).toBe(200)
          expect(JSON.parse(out.reply?.body ?? '').legs.length).toBeGreaterThan(many)
        }
      }
    }
  })
})

describe('HLD-21 a suite that cannot be made', () => {
  const failing = (message: string): Protocol => ({
    name: 'failing',
    install() {
      throw new Error(message)
    },
  })
  const options = base

  it('leaves its id on the store to who makes one that can be made', () => {
    const store = memoryStore({ clock })
    expect(() => createSuite({ ...options, store, protocols: [failing('no')] }, {})).toThrow('no')
    const { protocol } = scriptedProtocol()
    const mended = { ...options, store, protocols: [protocol] }
    const elsewhere = { id: 'benefits', url: 'https://permits.citizen.example', secrets: [secret] }
    expect(() => createSuite({ ...mended, application: elsewhere }, {})).not.toThrow()
  })
})
