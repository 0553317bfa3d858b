/** @module The gate: who may ask, what is answered, what counts as activity, and what a token says. */

import { decodeJwt } from 'jose'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { subjectOf } from '../../src/emulator/people.js'
import { StoreUnavailableError } from '../../src/errors.js'
import type { CitizenEvent } from '../../src/index.js'
import { createSsoIssuer, SsoTokenError, verifyGateToken, verifySsoToken } from '../../src/issuing/sso.js'
import { memoryStore } from '../../src/stores/memory/store.js'
import { origin, rows } from '../sessions/activity-rows.js'
import { TestExchange } from '../support/exchange.js'
import { serve, shown } from '../support/world.js'
import {
  type Asked,
  createGateWorld,
  type GateWorld,
  gateSecret,
  host,
  navigation,
  script,
  testKeys,
  tokenOf,
} from './gate-world.js'

let world: GateWorld
beforeEach(async () => {
  world = await createGateWorld({
    policies: {
      default: { audience: 'reports' },
      admin: { audience: 'reports', level: 2 },
      archive: { audience: 'archive' },
      recent: { audience: 'reports', maxAgeSeconds: 60 },
    },
  })
})

const events = (of: GateWorld = world): readonly CitizenEvent[] => of.application('benefits').events
const failures = (of: GateWorld = world) =>
  events(of).flatMap((event) => (event.type === 'gate.failed' ? [event.problem] : []))
const direct = (path: string, headers: Record<string, string> = {}, method = 'GET', of: GateWorld = world) =>
  serve(of.application('benefits').suite, new Request(`${host}${path}`, { method, headers }))
const bodyOf = async (answer: Response) => JSON.parse(await answer.text()) as Record<string, unknown>

/** Everything that an answer shows. */
async function whole(answer: Response): Promise<unknown> {
  return [answer.status, [...answer.headers], await answer.text()]
}

describe('whoever is no proxy of ours', () => {
  const strangers: readonly (readonly [string, Asked])[] = [
    ['sends no secret', { secret: '' }],
    ['sends another', { secret: gateSecret.replace('a', 'b') }],
    ['sends a longer one', { secret: `${gateSecret}x` }],
    ['sends a shorter one', { secret: gateSecret.slice(0, -1) }],
    ['sends it twice', { secret: `${gateSecret}, ${gateSecret}` }],
    ['asks by POST', { secret: '', method: 'POST' }],
    ['asks by HEAD', { secret: '', method: 'HEAD' }],
    ['asks by a method of its own', { secret: 'x', method: 'PURGE' }],
    ['names a policy', { secret: '', at: '/admin' }],
    ['names no policy of ours', { secret: '', at: '/nobody' }],
    ['asks as Envoy does', { secret: 'x', at: '/admin/reports' }],
  ]

  it.each(strangers)(
    'finds what is anywhere else where nothing is, whether signed in or not: %s',
    async (_, asked) => {
      const cookie = await world.cookiesOf()
      const without = await createGateWorld({ secret: undefined, keys: undefined, policies: undefined })
      for (const headers of [script, navigation]) {
        const nothing = await whole(await direct('/session/nothing', { ...headers }, asked.method))
        expect(nothing).toEqual([404, expect.anything(), expect.any(String)])
        for (const of of [world, without]) {
          expect(await whole(await of.ask({ ...asked, headers }))).toEqual(nothing)
          expect(await whole(await of.ask({ ...asked, headers, cookie }))).toEqual(nothing)
        }
      }
    },
  )

  it('is told to the operator only where a secret came', async () => {
    await world.ask({ secret: '' })
    expect(failures()).toEqual([])
    await world.ask({ secret: 'x' })
    expect(failures()).toEqual(['secret'])
  })

  it('finds no gate, and no keys, where no secret is set', async () => {
    const { suite } = world.application('benefits')
    expect((await direct('/session/jwks.json')).status).toBe(200)
    const other = await createGateWorld({ secret: undefined, keys: undefined })
    expect((await other.ask()).status).toBe(404)
    expect((await direct('/session/jwks.json', {}, 'GET', other)).status).toBe(404)
    expect(suite.options.routes.gate.secret).toEqual([gateSecret])
  })

  it('may change its secret: of several each is good', async () => {
    const second = 'another-secret-of-thirty-two-bytes-or-more'
    const both = await createGateWorld({ secret: [second, gateSecret] })
    for (const secret of [second, gateSecret]) expect((await both.ask({ secret })).status).toBe(401)
  })
})

describe('who may pass', () => {
  it('is told by a token for the backend alone, which says who it is, how strongly, and nothing else', async () => {
    const answer = await world.ask({ cookie: await world.cookiesOf() })
    expect([answer.status, await answer.text(), answer.headers.get('cache-control')]).toEqual([
      204,
      '',
      'private, no-store',
    ])
    const { header, claims, token } = tokenOf(answer)
    expect(header).toEqual({ alg: 'ES256', kid: 'gate-20260115', typ: 'gate+jwt' })
    const { iat = 0 } = claims
    expect(claims).toEqual({
      iss: host,
      aud: 'reports',
      sub: subjectOf('ana'),
      level: 1,
      jti: expect.stringMatching(/^[\w-]{22}$/),
      iat: world.now() / 1000,
      exp: iat + 60,
    })
    const keySet = (await (await direct('/session/jwks.json')).json()) as { keys: { kid: string }[] }
    expect(keySet.keys.map(({ kid }) => kid)).toEqual([header.kid])
    expect(token.length).toBeLessThan(600)
  })

  it('is signed by keys of this process where none are given, under a name that no other process takes', async () => {
    const kids = []
    for (let count = 0; count < 2; count += 1) {
      const own = await createGateWorld({ keys: undefined })
      const { header, token } = tokenOf(await own.ask({ cookie: await own.cookiesOf() }))
      expect(header).toEqual({
        alg: 'RS256',
        kid: expect.stringMatching(/^gate-[\w-]{8}-20260115$/),
        typ: 'gate+jwt',
      })
      expect(token.length).toBeLessThan(1200)
      kids.push(header.kid)
    }
    expect(new Set(kids).size).toBe(2)
  })

  it('has one policy for the application’s id where none is set', async () => {
    const plain = await createGateWorld()
    expect(tokenOf(await plain.ask({ cookie: await plain.cookiesOf() })).claims.aud).toBe('benefits')
  })

  it('is not who was signed out, timed out, or whose session is over, and the other way round for nobody else', async () => {
    const [ana, ben] = [await world.cookiesOf('ana'), await world.cookiesOf('ben')]
    expect((await world.ask({ cookie: ana })).status).toBe(204)
    expect((await world.ask({ cookie: ben })).status).toBe(204)
    await world.application('benefits').suite.sessions.endAllOf({ subject: subjectOf('ana') })
    const refused = await world.ask({ cookie: ana })
    expect([refused.status, refused.headers.get('citizen-token')]).toEqual([401, null])
    expect(await bodyOf(refused)).toMatchObject({
      code: 'login-required',
      reason: 'revoked',
      login: '/session/login',
    })
    expect((await world.ask({ cookie: ben })).status).toBe(204)
    world.travel(601)
    expect(await bodyOf(await world.ask({ cookie: ben }))).toMatchObject({ reason: 'idle-timeout' })
  })
})

describe('whoever may not pass', () => {
  it('is led to the login from a page, back to where they were', async () => {
    const answer = await world.ask({ headers: navigation })
    const login = '/session/login?returnTo=%2Freports%3Fyear%3D2026'
    expect(answer.status).toBe(401)
    expect(answer.headers.get('citizen-location')).toBe(login)
    expect(answer.headers.get('citizen-login')).toBe(login)
    expect(answer.headers.get('citizen-code')).toBe('login-required')
    expect(answer.headers.get('citizen-reason')).toBe('not-signed-in')
    expect(answer.headers.get('cache-control')).toBe('private, no-store')
    // For a proxy that hands the whole answer on: the page goes on by itself.
    expect(await answer.text()).toContain(`content="0;url=${host}${login}"`)
  })

  it('gets problem details for a script, and a page for a form', async () => {
    const fetched = await world.ask()
    expect([fetched.status, fetched.headers.get('citizen-location')]).toEqual([401, null])
    expect(await bodyOf(fetched)).toMatchObject({
      status: 401,
      code: 'login-required',
      login: '/session/login',
    })
    const posted = await world.ask({ headers: navigation, originalMethod: 'POST' })
    expect([posted.status, posted.headers.get('citizen-location')]).toEqual([401, null])
    expect(await posted.text()).toContain('href="/session/login"')
  })

  it('is led to a stronger or later login with 403, for somebody is signed in', async () => {
    const cookie = await world.cookiesOf()
    const weak = await world.ask({ at: '/admin', cookie })
    expect([weak.status, weak.headers.get('citizen-token')]).toEqual([403, null])
    expect(weak.headers.get('www-authenticate')).toContain('acr_values="2"')
    expect(await bodyOf(weak)).toMatchObject({
      code: 'insufficient_user_authentication',
      login: '/session/login?level=2',
    })
    const page = await world.ask({ at: '/recent', cookie, headers: navigation })
    expect([page.status, page.headers.get('citizen-location')]).toEqual([
      403,
      '/session/login?returnTo=%2Freports%3Fyear%3D2026&maxAge=60',
    ])
    const strong = await world.ask({ at: '/admin', cookie: await world.cookiesOf('dan') })
    expect(tokenOf(strong).claims).toMatchObject({ aud: 'reports', level: 2 })
  })

  it('is told apart from whom an outage hides: 503, and nobody is sent to sign in', async () => {
    const unavailable = new StoreUnavailableError('the store is away')
    const store = Object.assign(memoryStore(), { read: () => Promise.reject(unavailable) })
    const away = await createGateWorld({}, { store })
    const answer = await away.ask({ cookie: await away.cookiesOf(), headers: navigation })
    expect(answer.status).toBe(503)
    expect([answer.headers.get('citizen-location'), answer.headers.get('citizen-token')]).toEqual([
      null,
      null,
    ])
    expect(answer.headers.get('retry-after')).toBe('5')
    expect(answer.headers.get('citizen-code')).toBe('unavailable')
    expect((await direct('/session/jwks.json', {}, 'GET', away)).status).toBe(200)
  })

  it.each([
    ['no policy of that name', { at: '/nobody' }, 'policy'],
    ['an inherited name', { at: '/constructor' }, 'policy'],
    ['an empty name', { at: '/' }, 'policy'],
    ['two names', { at: '/admin%2Fdefault' }, 'policy'],
  ])('passes nowhere where the proxy is set up wrongly: %s', async (_, asked, problem) => {
    const cookie = await world.cookiesOf()
    const answer = await world.ask({ ...asked, cookie })
    expect([answer.status, answer.headers.get('citizen-token')]).toEqual([500, null])
    expect(await bodyOf(answer)).toMatchObject({ code: 'gate-failed', reason: problem })
    expect(failures()).toEqual([problem])
  })

  it('passes nowhere where the proxy does not say what was asked for', async () => {
    const cookie = await world.cookiesOf()
    const { suite } = world.application('benefits')
    const complete = {
      cookie,
      'citizen-gate-secret': gateSecret,
      'x-original-uri': '/',
      'x-original-method': 'GET',
    }
    for (const missing of ['x-original-uri', 'x-original-method'] as const) {
      const { [missing]: _, ...headers } = complete
      const exchange = new TestExchange(new Request(`${host}/session/gate`, { headers }))
      const reply = await suite.endpoint(exchange)?.(exchange)
      expect([reply?.status, reply?.headers['citizen-token']]).toEqual([500, undefined])
    }
    expect(failures()).toEqual(['original-request', 'original-request'])
  })

  it('passes by no other method of the proxy than GET', async () => {
    for (const method of ['POST', 'HEAD', 'PUT']) {
      const answer = await world.ask({ method, cookie: await world.cookiesOf() })
      expect([answer.status, answer.headers.get('allow'), answer.headers.get('citizen-token')]).toEqual([
        405,
        'GET',
        null,
      ])
    }
  })
})

describe('the original request', () => {
  it.each([
    ['an absolute address', 'https://evil.example/x'],
    ['another host', '//evil.example/x'],
    ['another host by a backslash', '/\\evil.example'],
    ['two addresses', '/a, /b'],
    ['no path', 'reports'],
    ['nothing', ''],
    ['a script', 'javascript:alert(1)'],
    ['more than ASCII', '/\u00e9'],
  ])('leads back to no other place than a path of ours: %s', async (_, uri) => {
    const answer = await world.ask({ headers: navigation, uri })
    expect([answer.status, answer.headers.get('citizen-location')]).toEqual([
      401,
      '/session/login?returnTo=%2F',
    ])
    expect(failures()).toEqual([])
  })

  it('adds no header by an address', async () => {
    const answer = await world.ask({ headers: navigation, uri: '/x%0d%0aSet-Cookie:%20a=b?"<>' })
    expect(answer.headers.get('citizen-location')).toBe(
      '/session/login?returnTo=%2Fx%250d%250aSet-Cookie%3A%2520a%3Db%3F%22%3C%3E',
    )
    expect(await answer.text()).not.toContain('"<>')
  })

  it('is the one that browsers see, where a proxy takes a path of ours away', async () => {
    const below = await createGateWorld({}, { application: { path: '/app' } as never })
    const page = await below.ask({ headers: navigation, uri: '/app/reports' })
    expect(page.headers.get('citizen-location')).toBe('/app/session/login?returnTo=%2Fapp%2Freports')
    expect(tokenOf(await below.ask({ cookie: await below.cookiesOf() })).claims.iss).toBe(`${host}/app`)
    const envoy = await below.ask({ at: '/default/app/reports', headers: navigation })
    expect(envoy.headers.get('citizen-location')).toBe('/app/session/login?returnTo=%2Fapp%2Freports')
    expect((await direct('/session/jwks.json', {}, 'GET', below)).status).toBe(200)
  })

  it('is named by Traefik’s headers where those are set, and by no others', async () => {
    const traefik = await createGateWorld({ requestHeaders: 'x-forwarded' })
    const forwarded = { ...navigation, 'x-forwarded-uri': '/theirs', 'x-forwarded-method': 'GET' }
    const location = async (of: GateWorld) =>
      (await of.ask({ headers: forwarded, uri: '/ours' })).headers.get('citizen-location')
    expect(await location(traefik)).toBe('/session/login?returnTo=%2Ftheirs')
    expect(await location(world)).toBe('/session/login?returnTo=%2Fours')
  })

  it('stands behind the policy as Envoy asks, with the method of the request, and headers say nothing then', async () => {
    const headers = { ...navigation, 'x-forwarded-uri': '/theirs', 'x-original-uri': '/theirs' }
    const answer = await world.ask({ at: '/admin/reports/7?a=b', headers })
    expect(answer.headers.get('citizen-location')).toBe('/session/login?returnTo=%2Freports%2F7%3Fa%3Db')
    const cookie = await world.cookiesOf()
    for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS']) {
      const passed = await world.ask({ at: '/default/x', method, cookie })
      // Envoy takes no other status for a yes.
      expect([passed.status, tokenOf(passed).claims.aud]).toEqual([200, 'reports'])
    }
    const other = await world.ask({ at: '/default//evil.example', headers })
    expect(other.headers.get('citizen-location')).toBe('/session/login?returnTo=%2F')
  })
})

describe('an address that leads elsewhere than the proxy meant', () => {
  it.each([
    ['another policy', '/admin/x/../../archive/x', 500],
    ['another policy, encoded', '/admin/x/%2e%2e/%2e%2e/archive/x', 500],
    ['another route of ours', '/admin/x/../../../status', 404],
    ['a page of the application', '/admin/x/../../../../open', 404],
  ])('is no yes: %s', async (_, at, status) => {
    // A web request has its dots resolved before anybody looks.
    const cookie = await world.cookiesOf()
    const headers = { cookie, ...script, 'citizen-gate-secret': gateSecret, 'citizen-gate-policy': 'admin' }
    const answer = await direct(`/session/gate${at}`, headers)
    expect([answer.status, answer.headers.get('citizen-token')]).toEqual([status, null])
  })
})

describe('HLD-04 activity through the gate', () => {
  it.each(rows)('%s: %s', async (_name, touches, method, headers) => {
    const { suite } = world.application('benefits')
    const cookie = await world.cookiesOf()
    await world.ask({ cookie, headers: navigation })
    const startedAt = world.now()
    world.travel(60)
    const asked: Record<string, string> = {
      ...headers,
      cookie,
      'citizen-gate-secret': gateSecret,
      'x-original-uri': '/x',
      'x-original-method': method,
    }
    // What is about one connection no proxy passes on.
    delete asked.upgrade
    delete asked.connection
    // A web Request drops some of these names: an exchange has them as they came.
    const exchange = Object.assign(new TestExchange(new Request(`${origin}/session/gate`)), {
      header: (name: string) => asked[name],
    })
    const isSocketOnly = headers.upgrade !== undefined && headers['sec-websocket-version'] === undefined
    if (isSocketOnly) asked['sec-websocket-version'] = '13'
    expect((await suite.endpoint(exchange)?.(exchange))?.status).toBe(204)
    const status = await shown(direct('/session/status', { cookie, ...script }))
    expect(status.session.lastSeenAt).toBe(touches ? world.now() : startedAt)
  })

  it('is what the application’s own rule says of the original request', async () => {
    const seen: string[] = []
    const ruled = await createGateWorld(
      {},
      {
        routes: {
          touch: ({ method, target }) => {
            seen.push(`${method} ${target}`)
            return true
          },
        },
      },
    )
    await ruled.ask({ cookie: await ruled.cookiesOf(), uri: '/reports', originalMethod: 'PATCH' })
    expect(seen).toEqual(['PATCH /reports'])
  })
})

describe('the shared cookie', () => {
  /** A session whose token is past the half of its life, and which was never idle. */
  const halfway = async (cookies: 'none' | 'numbered' | 'set-cookie') => {
    const made = await createGateWorld({ cookies }, { application: { idleSeconds: 3600 } as never })
    const cookie = await made.cookiesOf()
    expect((await made.ask({ cookie })).status).toBe(204)
    made.travel(1000)
    return { made, cookie, answer: await made.ask({ cookie, headers: navigation }) }
  }
  const refreshes = (of: GateWorld) => events(of).filter(({ type }) => type === 'identity.refreshed').length

  it('is not renewed where the proxy hands no cookie on, and stays good', async () => {
    const { made, cookie, answer } = await halfway('none')
    expect([answer.status, answer.headers.getSetCookie(), refreshes(made)]).toEqual([204, [], 0])
    expect([...answer.headers.keys()].filter((name) => /cookie/.test(name))).toEqual([])
    // The application's own routes renew it then.
    const extended = await direct('/session/extend', { cookie, ...script }, 'POST', made)
    expect(extended.headers.getSetCookie().filter((line) => line.startsWith('c1_'))).toHaveLength(3)
    const after = await made.ask({ cookie, headers: navigation })
    expect([after.status, after.headers.getSetCookie()]).toEqual([204, []])
  })

  it('is handed on whole, line by line, where the proxy takes numbered lines', async () => {
    const { made, answer } = await halfway('numbered')
    expect([answer.status, answer.headers.getSetCookie(), refreshes(made)]).toEqual([204, [], 1])
    const lines = [1, 2, 3, 4, 5, 6].map((number) => answer.headers.get(`citizen-set-cookie-${number}`) ?? '')
    const names = lines.filter((line) => line !== '').map((line) => line.split('=', 1)[0])
    expect(names).toEqual(expect.arrayContaining(['c1_header', 'c1_payload', 'c1_signature']))
    const cookie = lines.map((line) => line.split(';', 1)[0]).join('; ')
    expect((await made.ask({ cookie })).status).toBe(204)
  })

  it('is handed on as it is where the proxy can', async () => {
    const { answer } = await halfway('set-cookie')
    const names = answer.headers.getSetCookie().map((line) => line.split('=', 1)[0])
    expect(names).toEqual(expect.arrayContaining(['c1_header', 'c1_payload', 'c1_signature']))
    expect(answer.headers.get('cache-control')).toBe('private, no-store')
  })

  it('is handed on to nobody who is refused, line by line', async () => {
    const { made, cookie } = await halfway('numbered')
    await made.application('benefits').suite.sessions.endAllOf({ subject: subjectOf('ana') })
    const answer = await made.ask({ cookie, headers: navigation })
    expect(answer.status).toBe(401)
    expect([...answer.headers.keys()].filter((name) => /cookie/.test(name))).toEqual([])
  })
})

describe('a token', () => {
  it('is handed out for half of its life, and signed anew then', async () => {
    const cookie = await world.cookiesOf()
    const first = tokenOf(await world.ask({ cookie })).token
    world.travel(29)
    expect(tokenOf(await world.ask({ cookie })).token).toBe(first)
    world.travel(1)
    const second = tokenOf(await world.ask({ cookie }))
    expect(second.token).not.toBe(first)
    expect(second.claims.exp).toBe(world.now() / 1000 + 60)
  })

  it('is one for all who ask at once, and one for each person and policy', async () => {
    const [ana, ben] = [await world.cookiesOf('ana'), await world.cookiesOf('ben')]
    await Promise.all([world.ask({ cookie: ana }), world.ask({ cookie: ben })])
    const answers = await Promise.all(
      [ana, ana, ana, ben]
        .map((cookie) => world.ask({ cookie }))
        .concat(world.ask({ cookie: ana, at: '/archive' })),
    )
    const tokens = answers.map((answer) => tokenOf(answer))
    expect(new Set(tokens.map(({ token }) => token)).size).toBe(3)
    const anas = subjectOf('ana')
    expect(tokens.map(({ claims }) => [claims.sub, claims.aud])).toEqual([
      [anas, 'reports'],
      [anas, 'reports'],
      [anas, 'reports'],
      [subjectOf('ben'), 'reports'],
      [anas, 'archive'],
    ])
  })

  it('is good no longer than the session', async () => {
    const cookie = await world.cookiesOf()
    await world.ask({ cookie })
    world.travel(580)
    const poll = { ...script, 'citizen-activity': 'none' }
    const { claims } = tokenOf(await world.ask({ cookie, headers: poll }))
    expect(Number(claims.exp) - world.now() / 1000).toBe(20)
  })

  it('says at once what the provider has taken back', async () => {
    const strong = await world.emulator.tokenFor('dan')
    const { jti = '' } = decodeJwt(strong)
    const weak = await world.emulator.tokenFor('dan', { session: jti, level: 'password' })
    const levels = []
    for (const token of [strong, weak]) {
      const { claims } = tokenOf(await world.ask({ cookie: world.emulator.cookieHeader(token) }))
      levels.push(claims.level)
    }
    expect(levels).toEqual([2, 1])
  })

  it('is signed anew once its key is another', async () => {
    const keys = testKeys(() => world.now())
    const own = await createGateWorld({ keys })
    const cookie = await own.cookiesOf()
    const before = tokenOf(await own.ask({ cookie }))
    await keys.revoke(String(before.header.kid))
    const after = tokenOf(await own.ask({ cookie }))
    expect(after.header.kid).not.toBe(before.header.kid)
  })

  it('says what the application adds, and what it calls the person', async () => {
    const own = await createGateWorld({
      subject: async ({ claims }) => `person-${claims.sub}`,
      claims: ({ provider }) => ({ provider }),
    })
    const { claims } = tokenOf(await own.ask({ cookie: await own.cookiesOf() }))
    expect(claims).toMatchObject({ sub: `person-${subjectOf('ana')}`, provider: 'shared-cookie', level: 1 })
  })

  it.each<[string, Parameters<typeof createGateWorld>[0], string]>([
    [
      'throws',
      {
        claims: () => {
          throw new RangeError('ana')
        },
      },
      'claims',
    ],
    ['rejects', { claims: () => Promise.reject(new RangeError('ana')) }, 'claims'],
    ['returns a list', { claims: () => [] as never }, 'claims'],
    ['returns too much', { claims: () => ({ x: 'x'.repeat(5000) }) }, 'claims'],
    ['sets what is the issuer’s', { claims: () => ({ exp: 9_999_999_999 }) }, 'claims'],
    ['sets the level', { claims: () => ({ level: 9 }) }, 'claims'],
    ['names nobody', { subject: () => '' }, 'claims'],
    ['names no text', { subject: () => 7 as never }, 'claims'],
  ])('is none where the application’s function %s', async (_, gate, problem) => {
    const own = await createGateWorld(gate)
    const cookie = await own.cookiesOf()
    for (let count = 0; count < 2; count += 1) {
      const answer = await own.ask({ cookie })
      expect([answer.status, answer.headers.get('citizen-token')]).toEqual([500, null])
      expect(await answer.text()).not.toContain('ana')
    }
    expect(failures(own)).toEqual([problem, problem])
    expect(JSON.stringify(events(own).filter(({ type }) => type === 'gate.failed'))).not.toContain('ana')
  })
})

it('a token is waited for no longer than a proxy waits', async () => {
  const own = await createGateWorld({ claims: () => new Promise<never>(() => undefined) })
  const cookie = await own.cookiesOf()
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  try {
    const asked = own.ask({ cookie })
    await vi.waitUntil(() => vi.getTimerCount() > 0, { interval: 1 })
    await vi.advanceTimersByTimeAsync(4000)
    expect((await asked).status).toBe(500)
  } finally {
    vi.useRealTimers()
  }
  expect(failures(own)).toEqual(['claims'])
})

describe('a backend in Node', () => {
  const ring = () => testKeys(() => world.now())
  const place = async () => {
    const keys = ring()
    const own = await createGateWorld({ keys, policies: { default: { audience: 'reports' } } })
    const { token } = tokenOf(await own.ask({ cookie: await own.cookiesOf() }))
    const options = {
      keys,
      issuer: host,
      audience: 'reports',
      algorithms: ['ES256' as const],
      clock: () => own.now(),
    }
    return { keys, own, token, options }
  }
  const problemOf = (refused: Promise<unknown>) =>
    refused.then(
      () => 'taken',
      (error: unknown) => (error instanceof SsoTokenError ? error.problem : error),
    )

  it('takes a token as often as it comes, for its life', async () => {
    const { own, token, options } = await place()
    for (let count = 0; count < 2; count += 1)
      expect(await verifyGateToken(token, options)).toMatchObject({ aud: 'reports', level: 1 })
    own.travel(89)
    expect(await problemOf(verifyGateToken(token, options))).toBe('taken')
    own.travel(1)
    expect(await problemOf(verifyGateToken(token, options))).toBe('expired')
    expect(await problemOf(verifyGateToken(token, { ...options, clock: () => own.now() - 200_000 }))).toBe(
      'not-yet-valid',
    )
  })

  it.each([
    ['another audience', { audience: 'archive' }, 'audience'],
    ['another issuer', { issuer: `${host}/` }, 'issuer'],
    ['another algorithm', { algorithms: ['RS256' as const] }, 'algorithm'],
  ])('refuses a token for %s', async (_, wanted, problem) => {
    const { token, options } = await place()
    expect(await problemOf(verifyGateToken(token, { ...options, ...wanted }))).toBe(problem)
  })

  it('refuses what is none, and what is of another kind, as the other kinds refuse it', async () => {
    const { keys, own, token, options } = await place()
    const clock = () => own.now()
    const sso = createSsoIssuer({
      keys,
      issuer: host,
      audience: 'reports',
      applicationUrl: host,
      clock,
      claims: () => ({ level: 1 }),
    })
    const cookie = await own.cookiesOf()
    const { suite } = own.application('benefits')
    const citizen = await suite.authenticate(
      new TestExchange(new Request(`${host}/`, { headers: { cookie, ...navigation } })),
    )
    const partners = await sso.issue(citizen)
    expect(await problemOf(verifyGateToken(partners, options))).toBe('claims')
    expect(await problemOf(verifySsoToken(token, { ...options, store: memoryStore({ clock }) }))).toBe(
      'claims',
    )
    for (const nothing of [undefined, '', 'x', `${token}x`, token.slice(0, -4), `${token}, ${token}`])
      expect(await problemOf(verifyGateToken(nothing, options))).toMatch(/^(?:malformed|signature)$/)
    // Nor is it a shared cookie.
    const [header, payload, signature] = token.split('.')
    const shared = `c1_header=${header}; c1_payload=${payload}; c1_signature=${signature}`
    expect((await own.ask({ cookie: shared })).status).toBe(401)
  })
})
