/** @module The gate for real: nginx as in `examples/gate`, an Express application on Redis, and PHP and Java behind it. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, request as overHttp, type RequestListener } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import type { Duplex } from 'node:stream'
import express from 'express'
import { Redis } from 'ioredis'
import { SignJWT } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type CitizenMiddleware, citizenSession } from '../../adapters/express.js'
import { createEmulator, type Emulator } from '../../src/emulator/index.js'
import { subjectOf } from '../../src/emulator/people.js'
import type { CitizenEvent } from '../../src/index.js'
import { createKeyRing, memoryKeys } from '../../src/issuing/sso.js'
import { redisStore } from '../../src/redis.js'
import { rows } from '../sessions/activity-rows.js'
import { type Browser, createBrowser } from '../support/browser.js'
import { freePort } from '../support/free-port.js'
import type { PlainNginx } from '../support/nginx.js'
import { type RedisServer, startRedis } from '../support/redis.js'
import { siteOn } from '../support/wire.js'
import { type BackendAnswer, type GateBackends, startGateBackends, startGateNginx } from './behind-gate.js'
import { gateSecret, navigation, script } from './gate-world.js'

const domain = 'citizen.localhost'
const events: CitizenEvent[] = []
let redis: RedisServer
let client: Redis
let emulator: Emulator
let backends: GateBackends
let nginx: PlainNginx
let auth: CitizenMiddleware
const keys = createKeyRing({ storage: memoryKeys(), name: 'gate', rotateEverySeconds: 7_776_000 })
let url: string
/** What backends get to know besides. */
let released: Readonly<Record<string, unknown>> = {}
let listener: RequestListener = (_, response) => response.writeHead(503).end()
const server = createServer((request, response) => listener(request, response))
const applicationPort = () => (server.address() as AddressInfo).port

beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  redis = await startRedis()
  client = new Redis({ host: redis.host, port: redis.port, maxRetriesPerRequest: null })
  client.on('error', () => {})
  const ports = { php: await freePort(), java: await freePort() }
  nginx = await startGateNginx({
    secret: gateSecret,
    application: applicationPort(),
    reports: ports.php,
    archive: ports.java,
  })
  url = `http://benefits.${domain}:${nginx.port}`
  emulator = await createEmulator({ url: `http://id.${domain}:4000`, domain, secure: false })
  auth = citizenSession({
    identityProvider: { url: emulator.url, endpoints: { secondFactor: '/second-factor' } },
    sharedCookie: { domain },
    application: {
      id: 'benefits',
      url,
      secrets: ['a secret of thirty-two bytes or more'],
      sensitivity: 'basic',
    },
    routes: {
      gate: {
        secret: gateSecret,
        keys,
        cookies: 'numbered',
        claims: () => released,
        policies: {
          reports: { audience: 'reports' },
          archive: { audience: 'archive' },
          staff: { audience: 'archive', level: 2 },
        },
      },
    },
    store: redisStore(client),
    clock: emulator.clock,
    fetch: emulator.fetch,
    onEvent: (event) => events.push(event),
  })
  listener = express()
    .use(auth)
    .use((request, response) => response.json({ headers: request.headers }))
  backends = await startGateBackends({
    issuer: url,
    jwksUrl: `http://127.0.0.1:${applicationPort()}/session/jwks.json`,
    ports,
  })
})
afterAll(async () => {
  await backends?.close()
  await nginx?.stop()
  await auth?.suite.close()
  client?.disconnect()
  await redis?.close()
  server.closeAllConnections()
  server.close()
})
beforeEach(() => {
  events.length = 0
})

const browser = () =>
  createBrowser(
    new Map([
      [emulator.url, (request: Request) => emulator.handle(request)],
      [url, siteOn({ port: nginx.port })],
    ]),
  )

async function signedIn(username = 'ana', path = '/reports/2026?month=5'): Promise<Browser> {
  const made = browser()
  const page = await made.open(`${url}${path}`)
  expect(page.url).toMatch(new RegExp(`^${emulator.url}/`))
  const done = await made.press(page, /^Sign in$/, { username, password: `${username}-password` })
  expect([done.status, done.url]).toEqual([200, `${url}${path}`])
  return made
}

interface Sent {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** One request as it is written here. A list of values is so many lines. */
function send(
  target: string,
  headers: Readonly<Record<string, string | readonly string[]>> = {},
  { method = 'GET', body = '', port = nginx.port } = {},
): Promise<Sent> {
  return new Promise((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port,
      path: target,
      method,
      agent: false,
      headers: { host: new URL(url).host, ...headers } as Record<string, string | string[]>,
    }
    const outgoing = overHttp(options, async (incoming) => {
      let text = ''
      for await (const chunk of incoming.setEncoding('utf8')) text += chunk
      resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: text })
    })
    outgoing.on('error', reject).end(body)
  })
}

const answerOf = ({ body }: { readonly body: string }) => JSON.parse(body) as BackendAnswer
const cookieOf = async (made: Browser) => ({ cookie: await made.cookieHeader(url) })

/** A token of the gate, as the backend gets it. */
async function tokenFor(cookie: string, policy = 'reports'): Promise<string> {
  const asked = {
    cookie,
    'citizen-gate-secret': gateSecret,
    'x-original-uri': '/',
    'x-original-method': 'GET',
  }
  const answer = await send(`/session/gate/${policy}`, { ...asked, ...script }, { port: applicationPort() })
  return String(answer.headers['citizen-token'])
}

describe('applications in PHP and Java behind nginx', () => {
  it('know who signed in by way of one of their pages, by the token alone, and nobody else', async () => {
    const ana = await signedIn()
    const php = await ana.open(`${url}/reports/2026?month=5`)
    expect(JSON.parse(php.body)).toEqual({
      language: 'php',
      sub: subjectOf('ana'),
      level: 1,
      method: 'GET',
      target: '/reports/2026?month=5',
      length: 0,
    })
    const java = await ana.open(`${url}/archive/7`)
    expect(java.path).toHaveLength(1)
    expect(JSON.parse(java.body)).toMatchObject({ language: 'java', sub: subjectOf('ana'), level: 1 })
    for (const path of ['/reports/x', '/archive/x']) {
      const nobody = await send(path, script)
      expect([nobody.status, JSON.parse(nobody.body)]).toEqual([
        401,
        {
          title: 'Unauthorized',
          status: 401,
          code: 'login-required',
          reason: 'not-signed-in',
          login: '/session/login',
        },
      ])
      expect(nobody.headers).toMatchObject({
        'content-type': 'application/problem+json',
        'cache-control': 'private, no-store',
      })
    }
  })

  it('get the body of a request whole, with its method', async () => {
    const ana = await cookieOf(await signedIn())
    const body = 'x'.repeat(300_000)
    for (const [path, language] of [
      ['/reports/new', 'php'],
      ['/archive/new', 'java'],
    ] as const) {
      for (const method of ['POST', 'PUT']) {
        const headers = {
          ...ana,
          ...script,
          'content-type': 'text/plain',
          'content-length': String(body.length),
        }
        const answer = await send(path, headers, { method, body })
        expect([answer.status, answerOf(answer)]).toEqual([
          200,
          { language, sub: subjectOf('ana'), level: 1, method, target: path, length: body.length },
        ])
      }
    }
    const head = await send('/reports/x', { ...ana, ...navigation }, { method: 'HEAD' })
    expect([head.status, head.body]).toEqual([200, ''])
  })

  it('are told all that may be told, and get what a browser may send, in headers that are that long', async () => {
    released = {
      groups: Array.from({ length: 100 }, (_, index) => `group-of-thirty-two-letters-${1000 + index}`),
    }
    try {
      const cookie = await emulator.cookiesFor('cleo')
      expect((await tokenFor(cookie)).length).toBeGreaterThan(5_000)
      const many = `${cookie}; ${Array.from({ length: 5 }, (_, index) => `own${index}=${'x'.repeat(1000)}`).join('; ')}`
      for (const path of ['/reports/x', '/archive/x']) {
        const answer = await send(path, { cookie: many, ...navigation })
        expect([answer.status, answerOf(answer).sub]).toEqual([200, subjectOf('cleo')])
      }
    } finally {
      released = {}
    }
  })

  it('ask for a stronger sign-in where the policy does: 403 with where to go', async () => {
    const ana = await signedIn()
    const login = '/session/login?level=2'
    for (const path of ['/archive/staff', '/archive//staff/x', '/archive/x/../staff/x', '/archive/%73taff/x'])
      expect([path, (await send(path, { ...(await cookieOf(ana)), ...script })).status]).toEqual([path, 403])
    const fetched = await send('/archive/staff/x', { ...(await cookieOf(ana)), ...script })
    expect([fetched.status, JSON.parse(fetched.body)]).toEqual([
      403,
      {
        title: 'Forbidden',
        status: 403,
        code: 'insufficient_user_authentication',
        reason: 'insufficient-authentication',
        login,
      },
    ])
    const page = await send('/archive/staff/x', { ...(await cookieOf(ana)), ...navigation })
    expect([page.status, page.headers.location]).toEqual([
      302,
      '/session/login?returnTo=%2Farchive%2Fstaff%2Fx&level=2',
    ])
    const dans = await emulator.cookiesFor('dan')
    const strong = await send('/archive/staff/x', { cookie: dans, ...navigation })
    expect(answerOf(strong)).toMatchObject({ language: 'java', sub: subjectOf('dan'), level: 2 })
  })

  it('refuse a person who signed out, with every cookie that was kept', async () => {
    const ana = await signedIn()
    const kept = await cookieOf(ana)
    expect((await send('/archive/x', { ...kept, ...script })).status).toBe(200)
    const before = await tokenFor(kept.cookie)
    await ana.press(await ana.open(`${url}/session/logout`), 'Sign out everywhere')
    for (const path of ['/reports/x', '/archive/x', '/archive/staff/x']) {
      const refused = await send(path, { ...kept, ...script })
      expect([refused.status, JSON.parse(refused.body).reason]).toEqual([401, 'signed-out'])
    }
    // What a backend, or whoever got hold of it, has kept is good for a minute at most.
    const { exp = 0 } = JSON.parse(Buffer.from(before.split('.')[1] ?? '', 'base64url').toString()) as {
      exp?: number
    }
    expect(exp - Date.now() / 1000).toBeLessThanOrEqual(60)
  })

  it('are not asked while nobody can say who is there, and nobody is sent to sign in: 503', async () => {
    const ana = await cookieOf(await signedIn())
    await redis.stop()
    for (const path of ['/reports/x', '/archive/x']) {
      const fetched = await send(path, { ...ana, ...script })
      expect([fetched.status, fetched.headers['retry-after'], JSON.parse(fetched.body).code]).toEqual([
        503,
        '5',
        'unavailable',
      ])
      const page = await send(path, { ...ana, ...navigation })
      expect([page.status, page.headers.location, page.headers['content-type']]).toEqual([
        503,
        undefined,
        'text/html; charset=utf-8',
      ])
    }
    await redis.start()
    await expect.poll(async () => (await send('/reports/x', { ...ana, ...script })).status).toBe(200)
  })

  it('are reached by nobody while the application is down, or knows the proxy by another secret', async () => {
    const ana = await cookieOf(await signedIn())
    const { ports } = backends
    const to = { reports: ports.php, archive: ports.java }
    const stranger = await startGateNginx({ secret: `${gateSecret}x`, application: applicationPort(), ...to })
    const alone = await startGateNginx({ secret: gateSecret, application: await freePort(), ...to })
    try {
      for (const { port } of [stranger, alone]) {
        const answer = await send('/reports/x', { ...ana, ...script }, { port })
        expect([answer.status, JSON.parse(answer.body).code]).toEqual([503, 'unavailable'])
      }
      expect(events.filter(({ type }) => type === 'gate.failed')).toMatchObject([{ problem: 'secret' }])
    } finally {
      await stranger.stop()
      await alone.stop()
    }
  })
})

describe('whoever attacks from outside', () => {
  const spellings = [
    ...['citizen-token', 'Citizen-Token', 'CITIZEN-TOKEN', 'cItIzEn-ToKeN'],
    ...[
      'Citizen_Token',
      'citizen_token',
      'CITIZEN_TOKEN',
      'Citizen.Token',
      'HTTP_CITIZEN_TOKEN',
      'X-Citizen-Token',
    ],
  ]

  it.each(spellings)('is nobody by a token of somebody else: %s', async (name) => {
    const [ana, ben] = [await cookieOf(await signedIn()), await emulator.cookiesFor('ben')]
    for (const [path, policy] of [
      ['/reports/x', 'reports'],
      ['/archive/x', 'archive'],
    ] as const) {
      const stolen = await tokenFor(ben, policy)
      const port = policy === 'reports' ? backends.ports.php : backends.ports.java
      const straight = await send('/x', { 'citizen-token': stolen }, { port })
      expect(answerOf(straight)).toMatchObject({ sub: subjectOf('ben') })
      for (const value of [stolen, [stolen, stolen]]) {
        expect((await send(path, { [name]: value, ...script })).status).toBe(401)
        const own = await send(path, { ...ana, [name]: value, ...script })
        expect([own.status, answerOf(own).sub]).toEqual([200, subjectOf('ana')])
      }
    }
  })

  it('uses no token for another backend, and no backend without one', async () => {
    const token = await tokenFor(await emulator.cookiesFor('ana'))
    const { php, java } = backends.ports
    const tries: readonly (readonly [number, Record<string, string | string[]>, string])[] = [
      [java, { 'citizen-token': token }, 'audience'],
      [php, {}, 'malformed'],
      [java, {}, 'malformed'],
      [java, { 'citizen-token': [token, token] }, 'malformed'],
      [php, { 'citizen-token': [token, token] }, 'malformed'],
      [php, { 'citizen-token': `${token.slice(0, -8)}AAAAAAAA` }, 'signature'],
    ]
    for (const [port, headers, problem] of tries) {
      const answer = await send('/x', headers, { port })
      expect([answer.status, answerOf(answer).problem]).toEqual([401, problem])
    }
  })

  /** A token as the gate makes it, but for what is changed; by the gate's own key. */
  async function forged(audience: string, claims: object, header: object = {}): Promise<string> {
    const { kid, privateKey } = await keys.signer()
    const now = Math.floor(Date.now() / 1000)
    const all = {
      iss: url,
      aud: audience,
      sub: 'ana',
      level: 9,
      jti: 'j',
      iat: now,
      exp: now + 60,
      ...claims,
    }
    return new SignJWT(all)
      .setProtectedHeader({ alg: 'RS256', kid, typ: 'gate+jwt', ...header })
      .sign(privateKey)
  }
  const seconds = (offset: number) => Math.floor(Date.now() / 1000) + offset

  it.each<[string, () => object, object, string]>([
    ['what it is', () => ({}), {}, 'taken'],
    ['another audience beside it', () => ({ aud: ['reports', 'archive'] }), {}, 'taken'],
    ['a clock that is 25 seconds ahead', () => ({ iat: seconds(25), exp: seconds(85) }), {}, 'taken'],
    ['the type of a partner’s', () => ({}), { typ: 'JWT' }, 'claims'],
    ['no type', () => ({}), { typ: undefined }, 'claims'],
    ['another type', () => ({}), { typ: 'logout+jwt' }, 'claims'],
    ['another key', () => ({}), { kid: 'gate-20200101' }, 'unknown-key'],
    ['another issuer', () => ({ iss: `http://benefits.${domain}` }), {}, 'issuer'],
    ['no audience', () => ({ aud: undefined }), {}, 'audience'],
    ['a longer life', () => ({ exp: seconds(90) }), {}, 'too-long-lived'],
    ['a time that is over', () => ({ iat: seconds(-100), exp: seconds(-40) }), {}, 'expired'],
    ['a time to come', () => ({ iat: seconds(100), exp: seconds(160) }), {}, 'not-yet-valid'],
    ['nobody', () => ({ sub: '' }), {}, 'claims'],
  ])('is told by PHP and Java alike what a token is: %s', async (_, claims, header, problem) => {
    const said = []
    for (const [audience, port] of [
      ['reports', backends.ports.php],
      ['archive', backends.ports.java],
    ] as const) {
      const answer = await send('/x', { 'citizen-token': await forged(audience, claims(), header) }, { port })
      said.push(answer.status === 200 ? 'taken' : answerOf(answer).problem)
    }
    expect(said).toEqual([problem, problem])
  })

  it.each([
    '/session/gate',
    '/session/gate/reports',
    '/session/gate/reports/x',
    '/session//gate',
    '//session/gate/reports',
    '/session/x/../gate/reports',
    '/session/%67ate/reports',
    '/session/gate%2Freports',
    '/session/gate?a=b',
    '/citizen-gate',
    '/citizen-refused/page',
  ])('reaches no gate, even with the secret: %s', async (target) => {
    const headers = {
      'citizen-gate-secret': gateSecret,
      'x-original-uri': '/',
      'x-original-method': 'GET',
      ...script,
    }
    const answer = await send(target, { ...headers, cookie: await emulator.cookiesFor('ana') })
    expect([answer.status, answer.headers['citizen-token']]).toEqual([404, undefined])
  })

  it('sets no header that the application takes for the proxy’s', async () => {
    const headers = { 'citizen-gate-secret': 'x', 'citizen-token': 'x', Citizen_Token: 'x' }
    const seen = JSON.parse((await send('/elsewhere', headers)).body) as { headers: object }
    expect(Object.keys(seen.headers).filter((name) => /citizen[-_](?:token|gate)/.test(name))).toEqual([])
  })

  it('chooses neither policy nor original request', async () => {
    const ana = await cookieOf(await signedIn())
    const claims = {
      'x-original-uri': '/reports/x',
      'x-original-method': 'GET',
      'x-forwarded-uri': '/reports/x',
      'citizen-policy': 'archive',
      'citizen-gate-policy': 'archive',
    }
    expect(
      (await send('/archive/staff/x?citizen_policy=archive', { ...ana, ...claims, ...script })).status,
    ).toBe(403)
    const page = await send('/reports/mine', { ...claims, ...navigation })
    expect(page.headers.location).toBe('/session/login?returnTo=%2Freports%2Fmine')
  })

  /** One request line as it is written here. */
  function raw(line: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect(nginx.port, '127.0.0.1')
      let text = ''
      socket.setEncoding('latin1').on('data', (chunk: string) => {
        text += chunk
      })
      socket.once('close', () => resolve(text)).once('error', reject)
      const head = [
        'sec-fetch-mode: navigate',
        'sec-fetch-dest: document',
        'accept: text/html',
        'connection: close',
      ]
      socket.write(Buffer.from([line, `host: ${new URL(url).host}`, ...head, '', ''].join('\r\n'), 'latin1'))
    })
  }

  it.each([
    ['a whole address', 'GET http://evil.example/reports/x HTTP/1.1'],
    ['two slashes', 'GET //reports/x HTTP/1.1'],
    ['another host', 'GET //evil.example/../reports/x HTTP/1.1'],
    ['quotes and brackets', 'GET /reports/"><script> HTTP/1.1'],
    ['a line break, encoded', 'GET /reports/%0d%0aLocation:%20https://evil.example HTTP/1.1'],
    ['octets that are no ASCII', 'GET /reports/\u00e9 HTTP/1.1'],
    ['a long address', `GET /reports/${'a'.repeat(6000)} HTTP/1.1`],
  ])('is led to nowhere but our own login: %s', async (_, line) => {
    const answer = await raw(line)
    expect(answer).toMatch(/^HTTP\/1\.1 302 /)
    const locations = [...answer.matchAll(/^location: (.*)\r$/gim)].map(([, location]) => location)
    expect(locations).toEqual([
      expect.stringMatching(/^\/session\/login(?:\?returnTo=%2F(?!%2F|%5C)[^"<>]*)?$/),
    ])
  })

  it.each([
    'GET /reports/x\tHTTP/1.1',
    'GET /reports/\u0000 HTTP/1.1',
    'GET /reports/x HTTP/1.1\r\n citizen-token: x',
  ])('gets no further than nginx by a line that is none', async (line) => {
    expect(await raw(line)).toMatch(/^HTTP\/1\.1 (?:400|302) /)
  })

  it('writes nothing into the answer for a script', async () => {
    const answer = await send('/reports/%22,%22status%22:200,%22x%22:%22', script)
    expect(JSON.parse(answer.body)).toMatchObject({ status: 401, login: '/session/login' })
    const form = await send('/reports/%22%3E', { ...navigation, 'content-length': '0' }, { method: 'POST' })
    expect([form.status, form.headers['content-type']]).toEqual([401, 'text/html; charset=utf-8'])
    expect(form.body).toContain('<a href="/session/login">')
  })
})

describe('HLD-04 activity, as nginx passes it on', () => {
  it.each(rows)('%s: %s', async (name, touches, method, headers) => {
    const cookie = await emulator.cookiesFor('ana')
    await send('/reports/x', { cookie, ...navigation })
    const before = emulator.clock()
    emulator.travel(20)
    const isSocket = headers.upgrade !== undefined
    const sent = isSocket ? { ...headers, connection: 'Upgrade', 'sec-websocket-version': '13' } : headers
    const answer = await send('/reports/x', { cookie, ...sent, 'content-length': '0' }, { method })
    expect([name, answer.status]).toEqual([name, 200])
    const status = await send('/session/status', { cookie, ...script })
    const { session } = JSON.parse(status.body) as { session: { lastSeenAt: number } }
    if (touches) expect(session.lastSeenAt).toBeGreaterThan(before + 15_000)
    else expect(session.lastSeenAt).toBeLessThan(before + 10_000)
    emulator.travel(-20)
  })
})

describe('a socket of a backend', () => {
  it('opens for who is signed in, with a token in its handshake, and keeps nobody signed in', async () => {
    const seen: IncomingMessage['headers'][] = []
    const backend = createServer((request, response) => {
      seen.push(request.headers)
      response.end('{}')
    }).on('upgrade', (request: IncomingMessage, socket: Duplex) => {
      seen.push(request.headers)
      socket.end('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhello')
    })
    backend.listen(0, '127.0.0.1')
    await once(backend, 'listening')
    const { port: reports } = backend.address() as AddressInfo
    const settings = { secret: gateSecret, application: applicationPort(), archive: backends.ports.java }
    const proxy = await startGateNginx({ ...settings, reports })
    const handshake = (cookie: string, protocol = 'websocket') =>
      new Promise<string>((resolve, reject) => {
        const socket = connect(proxy.port, '127.0.0.1')
        let text = ''
        socket.setEncoding('latin1').on('data', (chunk: string) => {
          text += chunk
          if (/hello|\r\n\r\n.*\}/s.test(text)) socket.destroy()
        })
        socket.once('close', () => resolve(text)).once('error', reject)
        const lines = ['GET /reports/live HTTP/1.1', `host: ${new URL(url).host}`, `cookie: ${cookie}`]
        const rest = [
          `upgrade: ${protocol}`,
          'connection: Upgrade',
          'sec-websocket-version: 13',
          'sec-websocket-key: x',
        ]
        socket.write([...lines, ...rest, `origin: ${url}`, '', ''].join('\r\n'))
      })
    try {
      const cookie = await emulator.cookiesFor('ana')
      expect(await handshake('a=b')).toMatch(/^HTTP\/1\.1 401 /)
      // A session begins with what a person does.
      expect(await handshake(cookie)).toMatch(/^HTTP\/1\.1 401 /)
      await send('/reports/x', { cookie, ...navigation })
      expect(await handshake(cookie)).toMatch(/^HTTP\/1\.1 101 [\s\S]*hello$/)
      // On a connection of another protocol nobody would be asked any more: what comes is a plain request.
      for (const protocol of ['h2c', 'HTTP/2.0', 'websocket, h2c', 'h2c, websocket'])
        expect([protocol, await handshake(cookie, protocol)]).toEqual([
          protocol,
          expect.stringMatching(/^HTTP\/1\.1 200 /),
        ])
      const plain = seen.splice(1)
      expect(plain.map(({ upgrade, connection }) => [upgrade, connection])).toEqual(
        Array.from({ length: 4 }, () => [undefined, undefined]),
      )
      expect(seen).toMatchObject([{ upgrade: 'websocket', 'citizen-token': expect.stringMatching(/^eyJ/) }])
    } finally {
      await proxy.stop()
      backend.closeAllConnections()
      backend.close()
    }
  })
})

describe('the shared cookie behind nginx', () => {
  it('is renewed by a page behind the gate, on all three lines, and the answer is nobody else’s', async () => {
    const made = await signedIn()
    const old = await cookieOf(made)
    emulator.travel(1000)
    try {
      const answer = await send('/reports/x', { ...old, ...navigation })
      const lines = answer.headers['set-cookie'] ?? []
      const names = lines.map((line) => line.split('=', 1)[0])
      expect(names).toEqual(expect.arrayContaining(['c1_header', 'c1_payload', 'c1_signature']))
      expect(answer.headers['cache-control']).toBe('private, no-store')
      expect(Object.keys(answer.headers).filter((name) => name.startsWith('citizen-'))).toEqual([])
      const kept = old.cookie.split('; ').filter((pair) => !names.includes(pair.split('=', 1)[0] ?? ''))
      const cookie = [...lines.map((line) => line.split(';', 1)[0]), ...kept].join('; ')
      const again = await send('/reports/x', { cookie, ...script })
      expect([again.headers['set-cookie'], again.headers['cache-control']]).toEqual([
        undefined,
        'private, no-cache',
      ])
    } finally {
      emulator.travel(-1000)
    }
  })
})
