import { connect } from 'node:net'
import type { ErrorRequestHandler, Express } from 'express'
import { afterEach, describe, expect, it } from 'vitest'
import {
  citizenOf,
  citizenSession,
  logout,
  requireAssurance,
  requireCitizen,
  requireClaims,
  requireMfa,
  requireRecent,
} from '../../adapters/express.js'
import { createEmulator } from '../../src/emulator/index.js'
import { memoryStore, StoreUnavailableError } from '../../src/index.js'
import { refreshOf } from '../support/browser.js'
import {
  expressVersions,
  form,
  navigation,
  ownForm,
  ownScript,
  type Site,
  type SiteOptions,
  startSite,
} from './site.js'

let site: Site | undefined
afterEach(async () => {
  await site?.close()
  site = undefined
})

/** The application of most tests: every kind of guard, and an error handler that shows what reached it. */
function routes(app: Express): Express {
  app.get('/open', (req, res) => void res.json({ state: req.citizen.state, reason: req.citizen.reason }))
  app.all('/private', requireCitizen(), (req, res) => void res.json({ sub: req.citizen.claims.sub }))
  app.all('/mfa', requireMfa(), (_req, res) => void res.send('ok'))
  app.all('/level2', requireAssurance(2), (_req, res) => void res.send('ok'))
  app.all('/recent', requireRecent({ maxAgeSeconds: 300 }), (_req, res) => void res.send('ok'))
  app.all('/level2-recent', requireAssurance(2), requireRecent({ maxAgeSeconds: 300 }), (_req, res) => {
    res.send('ok')
  })
  return app
}

const showError: ErrorRequestHandler = (error, _req, res, _next) => {
  res.status(error.status ?? 500).json({ seen: error.code ?? error.message })
}

describe.each(expressVersions)('%s', (_version, express) => {
  const start = async (
    add: (app: Express) => unknown = () => undefined,
    options: SiteOptions & { before?: (app: Express) => unknown } = {},
  ) => {
    site = await startSite((auth) => {
      const app = express()
      options.before?.(app)
      app.use(auth)
      add(routes(app))
      return app
    }, options)
    return site
  }

  describe('who is there', () => {
    it('is nobody without cookies, and the person with them', async () => {
      const { send, emulator } = await start()
      expect(JSON.parse((await send('/open')).body)).toEqual({ state: 'anonymous', reason: 'not-signed-in' })
      const cookie = await emulator.cookiesFor('ana')
      expect(JSON.parse((await send('/open', { headers: { cookie } })).body)).toEqual({ state: 'active' })
    })

    it('a whole sign-in in a test takes one call', async () => {
      const emulator = await createEmulator()
      const app = express()
      app.use(
        citizenSession({
          identityProvider: { url: emulator.url },
          sharedCookie: { domain: 'citizen.localhost' },
          application: { id: 'mine', url: 'http://mine.citizen.localhost' },
          fetch: emulator.fetch,
        }),
      )
      app.get('/benefits', requireCitizen(), (req, res) => void res.json({ hello: req.citizen.claims.sub }))
      const server = app.listen(0, '127.0.0.1')
      try {
        await new Promise((resolve) => server.once('listening', resolve))
        const address = server.address()
        const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/benefits`
        const cookie = await emulator.cookiesFor('ana')
        const response = await fetch(url, { headers: { cookie } })
        expect(await response.json()).toEqual({
          hello: emulator.people.find(({ username }) => username === 'ana')?.sub,
        })
        expect((await fetch(url)).status).toBe(401)
      } finally {
        server.closeAllConnections()
        server.close()
      }
    })

    it('is not looked at where routes.skip says so, and a guard there says what to do', async () => {
      const { send } = await start((app) => app.use(showError), {
        suite: { routes: { skip: ({ target }) => target.startsWith('/private') } },
      })
      const answer = await send('/private')
      expect([answer.status, JSON.parse(answer.body)]).toEqual([500, { seen: 'no-middleware' }])
    })
  })

  describe('a guard', () => {
    it('leads a navigation to the login and back', async () => {
      const { send } = await start()
      const answer = await send('/private?tab=2', { headers: navigation })
      expect(answer.status).toBe(302)
      expect(answer.headers.location).toBe('/session/login?returnTo=%2Fprivate%3Ftab%3D2')
      expect(answer.headers['cache-control']).toContain('no-store')
    })

    it('answers HEAD like GET, without a body', async () => {
      const { send, emulator } = await start()
      const refused = await send('/private', { method: 'HEAD', headers: navigation })
      expect([refused.status, refused.headers.location, refused.body]).toEqual([
        302,
        '/session/login?returnTo=%2Fprivate',
        '',
      ])
      const program = await send('/private', { method: 'HEAD' })
      expect([program.status, program.body]).toEqual([401, ''])
      const cookie = await emulator.cookiesFor('ana')
      expect((await send('/private', { method: 'HEAD', headers: { cookie } })).status).toBe(200)
    })

    it('explains a form that was not accepted, and keeps nothing of it', async () => {
      const { send } = await start()
      const answer = await send('/private', {
        method: 'POST',
        headers: { ...ownForm, ...form },
        body: 'iban=secret-number',
      })
      expect(answer.status).toBe(401)
      expect(answer.headers['content-type']).toMatch(/^text\/html/)
      expect(answer.headers['content-security-policy']).toContain("default-src 'none'")
      expect(answer.body).not.toContain('secret-number')
      expect(answer.body).toContain('/session/login')
    })

    it('tells a program with problem details', async () => {
      const { send } = await start()
      const answer = await send('/private', { headers: ownScript })
      expect(answer.status).toBe(401)
      expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/)
      expect(JSON.parse(answer.body)).toMatchObject({
        status: 401,
        code: 'login-required',
        reason: 'not-signed-in',
        login: '/session/login',
      })
      expect(answer.headers).not.toHaveProperty('www-authenticate')
    })

    it.each([
      ['/level2', 'acr_values="2"', undefined],
      ['/mfa', 'acr_values="2"', undefined],
      ['/recent', undefined, 'max_age="300"'],
      ['/level2-recent', 'acr_values="2"', undefined],
    ])('ASV-08 asks on %s for a stronger or newer authentication, as RFC 9470', async (path, acr, age) => {
      const { send, emulator } = await start()
      const cookie = await emulator.cookiesFor('ana')
      const answer = await send(path, { headers: { ...ownScript, cookie } })
      expect(answer.status).toBe(401)
      const challenge = String(answer.headers['www-authenticate'])
      expect(challenge).toMatch(/^Bearer error="insufficient_user_authentication", error_description="[^"]+"/)
      for (const part of [acr, age]) if (part !== undefined) expect(challenge).toContain(part)
      expect(JSON.parse(answer.body)).toMatchObject({ code: 'insufficient_user_authentication' })
      const page = await send(path, { headers: { ...navigation, cookie } })
      expect([page.status, new URL(String(page.headers.location), 'http://x').pathname]).toEqual([
        302,
        '/session/login',
      ])
    })

    it('lets Eeze through where level 2 is asked for, and an SMS where a second factor is', async () => {
      const { send, emulator } = await start()
      const eeze = await emulator.cookiesFor('dan')
      const sms = await emulator.cookiesFor('ben')
      const statusOf = async (path: string, cookie: string) =>
        (await send(path, { headers: { ...ownScript, cookie } })).status
      expect(await statusOf('/level2', eeze)).toBe(200)
      expect(await statusOf('/mfa', eeze)).toBe(200)
      expect(await statusOf('/mfa', sms)).toBe(200)
      expect(await statusOf('/level2', sms)).toBe(401)
    })

    it('refuses a level or an age that makes no sense, at start', () => {
      expect(() => requireAssurance(0)).toThrow(TypeError)
      expect(() => requireAssurance(1.5)).toThrow(TypeError)
      expect(() => requireRecent({ maxAgeSeconds: 0 })).toThrow(TypeError)
      expect(() => requireRecent({ maxAgeSeconds: Number.NaN })).toThrow(TypeError)
    })

    it('without the middleware is an error that says what is missing', async () => {
      site = await startSite(() => routes(express()).use(showError) as Express)
      for (const path of ['/private', '/mfa', '/level2', '/recent']) {
        const answer = await site.send(path)
        expect([answer.status, JSON.parse(answer.body)]).toEqual([500, { seen: 'no-middleware' }])
      }
    })

    it.each([
      [true, 200],
      [false, 403],
      ['a text that counts as true', 403],
      [Promise.resolve(true), 403],
    ])('over claims lets nothing through but true: %s', async (verdict, status) => {
      const { send, emulator } = await start((app) => {
        const predicate = (() => verdict) as () => boolean
        app.get('/claims', requireClaims(predicate), (_req, res) => void res.json({}))
        app.use(showError)
      })
      const cookie = await emulator.cookiesFor('ana')
      const answer = await send('/claims', { headers: { cookie } })
      expect([answer.status, JSON.parse(answer.body)]).toEqual([
        status,
        status === 200 ? {} : { seen: 'claims-refused' },
      ])
      expect((await send('/claims', { headers: ownScript })).status).toBe(401)
    })

    it('over claims sees the claims, and what it throws reaches the error handler', async () => {
      const seen: unknown[] = []
      const { send, emulator } = await start((app) => {
        const predicate = ({ sub }: { sub: string }) => {
          seen.push(sub)
          throw new Error('predicate')
        }
        app.get('/claims', requireClaims(predicate), (_req, res) => void res.json({}))
        app.use(showError)
      })
      const cookie = await emulator.cookiesFor('ana')
      const answer = await send('/claims', { headers: { cookie } })
      expect([answer.status, JSON.parse(answer.body)]).toEqual([500, { seen: 'predicate' }])
      expect(seen).toEqual([emulator.people.find(({ username }) => username === 'ana')?.sub])
    })

    it('of a router guards everything behind it', async () => {
      const { send, emulator } = await start((app) => {
        const router = express.Router()
        router.use(requireCitizen())
        router.get('/inner', (req, res) => void res.json({ sub: citizenOf(req).claims.sub }))
        app.use('/area', router)
      })
      const refused = await send('/area/inner?x=1', { headers: navigation })
      expect(refused.headers.location).toBe('/session/login?returnTo=%2Farea%2Finner%3Fx%3D1')
      const cookie = await emulator.cookiesFor('ana')
      expect((await send('/area/inner', { headers: { cookie } })).status).toBe(200)
    })
  })

  describe('errors', () => {
    it('thrown or rejected in a handler reach the error handler of the application', async () => {
      const { send, emulator } = await start((app) => {
        app.get('/throws', requireCitizen(), () => {
          throw new Error('boom')
        })
        app.get('/rejects', requireCitizen(), (_req, _res, next) => {
          // Express 4 does not look at what a handler returns.
          Promise.reject(new Error('boom')).catch(next)
        })
        app.use(showError)
      })
      for (const path of ['/throws', '/rejects']) {
        const cookie = await emulator.cookiesFor('ana')
        const answer = await send(path, { headers: { cookie } })
        expect([answer.status, JSON.parse(answer.body)]).toEqual([500, { seen: 'boom' }])
        expect(answer.headers['cache-control']).toBe('private, no-store')
      }
    })

    it('citizenOf makes the default error handler answer 401', async () => {
      const { send, emulator } = await start((app) => {
        // Express then prints no error.
        app.set('env', 'test')
        app.get('/mine', (req, res) => void res.json({ sub: citizenOf(req).claims.sub }))
      })
      expect((await send('/mine')).status).toBe(401)
      const cookie = await emulator.cookiesFor('ana')
      expect((await send('/mine', { headers: { cookie } })).status).toBe(200)
      expect(() => citizenOf({})).toThrow(expect.objectContaining({ code: 'not-active', status: 401 }))
    })

    it('the store out of reach: guards say 503, open routes go on, no cookie is touched, nobody is signed out', async () => {
      const healthy = memoryStore()
      let isDown = false
      const store: typeof healthy = new Proxy(healthy, {
        get(target, name, receiver) {
          const member: unknown = Reflect.get(target, name, receiver)
          if (!isDown || typeof member !== 'function') return member
          return () => {
            throw new StoreUnavailableError('the store is down')
          }
        },
      })
      const { send, emulator } = await start(undefined, { store })
      const cookie = await emulator.cookiesFor('ana')
      const first = await send('/private', { headers: { cookie } })
      const all = `${cookie}; ${first.cookies[0]?.split(';')[0]}`
      isDown = true
      for (const headers of [
        { ...ownScript, cookie: all },
        { ...navigation, cookie: all },
      ]) {
        const guarded = await send('/private', { headers })
        expect([guarded.status, guarded.headers['retry-after'], guarded.cookies]).toEqual([503, '5', []])
        const open = await send('/open', { headers })
        expect([open.status, JSON.parse(open.body), open.cookies]).toEqual([
          200,
          { state: 'unavailable', reason: 'store' },
          [],
        ])
      }
      isDown = false
      expect((await send('/private', { headers: { cookie: all } })).status).toBe(200)
    })
  })

  describe('addresses', () => {
    it('are never built from Host, neither the first one nor a later one, behind a trusted proxy or not', async () => {
      const { send, emulator, url, port } = await start(undefined, {
        before: (app) => app.set('trust proxy', true),
      })
      const evil = {
        host: 'evil.example',
        'x-forwarded-host': 'evil.example',
        'x-forwarded-proto': 'https',
        forwarded: 'host=evil.example',
      }
      const good = { host: `benefits.citizen.localhost:${port}` }
      const login = await send('/session/login?returnTo=/private', { headers: { ...navigation, ...evil } })
      const second = await send('/session/login?returnTo=/private', { headers: { ...navigation, ...good } })
      for (const answer of [login, second]) {
        expect(answer.status).toBe(302)
        const location = new URL(String(answer.headers.location))
        expect(location.origin).toBe(emulator.url)
        expect(new URL(String(location.searchParams.get('returnTo'))).origin).toBe(url)
      }
      const cookie = await emulator.cookiesFor('ana')
      for (const headers of [evil, good]) {
        const refused = await send('/private', { headers: { ...navigation, ...headers } })
        expect(refused.headers.location).toBe('/session/login?returnTo=%2Fprivate')
        const out = await send('/session/logout', {
          method: 'POST',
          headers: { ...ownForm, ...form, ...headers, cookie },
          body: '',
        })
        expect(JSON.stringify([out.headers, out.body])).not.toContain('evil')
      }
    })

    it('that name another site in the request line lead nowhere', async () => {
      const { send, url } = await start()
      for (const path of ['//evil.example/private', 'http://evil.example/private', '/\\evil.example']) {
        const refused = await send(path, { headers: navigation })
        const location = refused.headers.location
        if (location === undefined) continue
        const login = await send(String(location), { headers: navigation })
        const back = new URL(String(login.headers.location)).searchParams.get('returnTo')
        expect(new URL(String(back)).origin).toBe(url)
        expect(String(back)).not.toContain('evil')
      }
    })

    it('below a mount path are those that the browser sees', async () => {
      site = await startSite(
        (auth) => {
          const inner = express()
          inner.get('/private', requireCitizen(), (_req, res) => void res.send('ok'))
          return express().use('/app', auth, inner)
        },
        { suite: { routes: { path: '/app/session' } } },
      )
      const refused = await site.send('/app/private', { headers: navigation })
      expect(refused.headers.location).toBe('/app/session/login?returnTo=%2Fapp%2Fprivate')
      expect((await site.send('/app/session/status')).status).toBe(200)
      expect((await site.send('/session/status')).status).toBe(404)
      const cookie = await site.emulator.cookiesFor('ana')
      expect((await site.send('/app/private', { headers: { cookie } })).status).toBe(200)
    })
  })

  describe('our own routes', () => {
    it('answer before anything of the application, and 404 for what is not theirs', async () => {
      const { send } = await start((app) => app.get('/session/own', (_req, res) => void res.send('never')))
      const status = await send('/session/status')
      expect([status.status, JSON.parse(status.body)]).toMatchObject([200, { state: 'anonymous' }])
      expect((await send('/session/own')).status).toBe(404)
    })

    it('say which methods they have', async () => {
      const { send } = await start()
      for (const [method, path, allow] of [
        ['OPTIONS', '/session/status', 'GET, HEAD'],
        ['PUT', '/session/logout', 'GET, POST'],
        ['GET', '/session/extend', 'POST'],
        ['DELETE', '/session/login', 'GET, POST'],
      ] as const) {
        const answer = await send(path, { method })
        expect([answer.status, answer.headers.allow]).toEqual([405, allow])
      }
      expect((await send('/open', { method: 'OPTIONS' })).headers.allow).toContain('GET')
    })

    it('answer HEAD on the status without a body, and begin nothing by HEAD', async () => {
      const { send, emulator } = await start()
      const head = await send('/session/status', { method: 'HEAD' })
      expect([head.status, head.body]).toEqual([200, ''])
      const cookie = await emulator.cookiesFor('ana')
      const answer = await send('/session/logout', { method: 'HEAD', headers: { ...ownForm, cookie } })
      expect([answer.status, answer.cookies]).toEqual([405, []])
      expect((await send('/private', { headers: { cookie } })).status).toBe(200)
    })

    const oversized = `returnTo=${'x'.repeat(9000)}`
    it.each([
      ['too large by its length', { ...form }, oversized, 413, 'body-too-large'],
      ['too large in chunks', { ...form }, [oversized, oversized, oversized], 413, 'body-too-large'],
      [
        'much too large in chunks',
        form,
        new Array<string>(64).fill('x'.repeat(65_536)),
        413,
        'body-too-large',
      ],
      ['much too large by its length', form, 'x'.repeat(4_194_304), 413, 'body-too-large'],
      ['text', { 'content-type': 'text/plain' }, 'returnTo=/x', 415, 'body-malformed'],
      ['JSON without a parser', { 'content-type': 'application/json' }, '{"a":1}', 415, 'body-malformed'],
      ['without a type', {}, 'returnTo=/x', 415, 'body-malformed'],
      ['multipart', { 'content-type': 'multipart/form-data; boundary=x' }, '--x--', 415, 'body-malformed'],
      ['compressed', { ...form, 'content-encoding': 'gzip' }, 'returnTo=/x', 415, 'body-malformed'],
    ])('refuse a body that is %s, and change nothing', async (_name, type, body, status, code) => {
      const { send, emulator } = await start()
      const cookie = await emulator.cookiesFor('ana')
      const headers = { ...ownScript, ...type, cookie }
      const answer = await send('/session/logout', { method: 'POST', headers, body })
      expect([answer.status, JSON.parse(answer.body)]).toMatchObject([status, { code }])
      expect((await send('/private', { headers: { cookie } })).status).toBe(200)
    })

    it('refuse a body that somebody else has read', async () => {
      const { send, emulator } = await start(undefined, {
        before: (app) =>
          app.use((req, _res, next) => {
            req.resume().once('end', () => next())
          }),
      })
      const cookie = await emulator.cookiesFor('ana')
      const answer = await send('/session/logout', {
        method: 'POST',
        headers: { ...ownScript, ...form, cookie },
        body: 'scope=application',
      })
      expect([answer.status, JSON.parse(answer.body)]).toMatchObject([400, { code: 'body-malformed' }])
    })

    const parsers: readonly (readonly [string, (app: Express) => unknown])[] = [
      ['no parser', () => undefined],
      ['urlencoded before us', (app) => app.use(express.urlencoded({ extended: true }))],
      ['urlencoded (simple) before us', (app) => app.use(express.urlencoded({ extended: false }))],
      ['a parser of other bodies before us', (app) => app.use(express.json())],
      ['a raw parser before us', (app) => app.use(express.raw({ type: '*/*' }))],
      ['a text parser before us', (app) => app.use(express.text({ type: '*/*' }))],
    ]
    it.each(parsers)('read a form with %s', async (_name, before) => {
      const { send, emulator } = await start(undefined, { before })
      const cookie = await emulator.cookiesFor('ana')
      await send('/private', { headers: { cookie } })
      const answer = await send('/session/logout', {
        method: 'POST',
        headers: { ...ownScript, ...form, cookie },
        body: 'scope=application&returnTo=%2Fbye',
      })
      expect(answer.status).toBe(200)
      // Only here: had the form been lost, it would have been everywhere.
      expect(JSON.parse(answer.body).legs.map(({ state }: { state: string }) => state)).toEqual([
        'done',
        'skipped',
        'skipped',
      ])
      expect((await send('/private', { headers: { ...ownScript, cookie } })).status).toBe(401)
    })

    it('read JSON that a parser before us has read, as far as it looks like a form', async () => {
      const { send, emulator } = await start(undefined, { before: (app) => app.use(express.json()) })
      const cookie = await emulator.cookiesFor('ana')
      await send('/private', { headers: { cookie } })
      const answer = await send('/session/logout', {
        method: 'POST',
        headers: { ...ownScript, 'content-type': 'application/json', cookie },
        body: JSON.stringify({ scope: 'application', returnTo: { nested: '/x' }, next: 1 }),
      })
      expect(JSON.parse(answer.body).legs).toMatchObject([{ state: 'done' }, { state: 'skipped' }, {}])
      expect(emulator.sessions).toHaveLength(1)
    })

    it('survive a body that breaks off', async () => {
      const { send, port, emulator } = await start()
      const cookie = await emulator.cookiesFor('ana')
      await send('/private', { headers: { cookie } })
      const lines = [
        'POST /session/logout HTTP/1.1',
        'Host: x',
        `Cookie: ${cookie}`,
        'Sec-Fetch-Site: same-origin',
        'Content-Type: application/x-www-form-urlencoded',
        'Content-Length: 100',
      ]
      const socket = connect(port, '127.0.0.1')
      socket.write(`${lines.join('\r\n')}\r\n\r\nscope=appl`)
      // The site answers the next one only after it has taken up this one.
      await send('/open')
      socket.destroy()
      expect((await send('/private', { headers: { cookie } })).status).toBe(200)
    })
  })

  describe('a logout route of one’s own', () => {
    const withRoute = (options?: Parameters<typeof logout>[0]) =>
      start((app) => app.all('/goodbye', logout(options)))

    it('gives a script the receipt', async () => {
      const { send, emulator } = await withRoute()
      const cookie = await emulator.cookiesFor('ana')
      await send('/private', { headers: { cookie } })
      const answer = await send('/goodbye', { method: 'POST', headers: { ...ownScript, cookie } })
      expect(answer.status).toBe(200)
      const receipt = JSON.parse(answer.body)
      expect(receipt.outcome).toBe('partial')
      expect(new URL(receipt.continueAt).pathname).toBe('/session/leave')
      expect(answer.cookies.filter((line) => /^c1_\w+=;.*Max-Age=0/i.test(line)).length).toBeGreaterThan(2)
      expect(answer.headers['cache-control']).toBe('private, no-store')
      const after = await send('/private', { headers: { ...ownScript, cookie } })
      expect([after.status, JSON.parse(after.body).reason]).toEqual([401, 'signed-out'])
    })

    it('leads a form to the provider', async () => {
      const { send, emulator } = await withRoute()
      const cookie = await emulator.cookiesFor('ana')
      const answer = await send('/goodbye', { method: 'POST', headers: { ...ownForm, cookie } })
      expect([answer.status, new URL(refreshOf(answer.body) ?? '').origin]).toEqual([200, emulator.url])
    })

    it('ends only here, and goes where the route says', async () => {
      const { send, emulator } = await withRoute({ scope: 'application', returnTo: '/bye' })
      const cookie = await emulator.cookiesFor('ana')
      await send('/private', { headers: { cookie } })
      const answer = await send('/goodbye', { method: 'POST', headers: { ...ownForm, cookie } })
      expect([answer.status, answer.headers.location]).toEqual([303, '/bye'])
      expect(emulator.sessions).toHaveLength(1)
    })

    it.each([
      ['cross-site', { 'sec-fetch-site': 'cross-site' }],
      ['from a sibling', { 'sec-fetch-site': 'same-site' }],
      ['of another origin', { 'sec-fetch-site': undefined, origin: 'https://evil.example' }],
      ['without any sign of its origin', { 'sec-fetch-site': undefined }],
    ])('changes nothing by a POST that is %s, and asks for confirmation', async (_name, given) => {
      const { send, emulator } = await withRoute()
      const cookie = await emulator.cookiesFor('ana')
      await send('/private', { headers: { cookie } })
      const merged = Object.entries({ ...ownForm, ...form, cookie, ...given }).filter(
        (entry): entry is [string, string] => entry[1] !== undefined,
      )
      const headers = Object.fromEntries(merged)
      const answer = await send('/goodbye', { method: 'POST', headers, body: 'returnTo=%2F' })
      expect(answer.status).toBe(403)
      expect(answer.body).toContain('action="/session/logout"')
      expect(answer.cookies.filter((line) => line.startsWith('c1_'))).toEqual([])
      expect((await send('/private', { headers: { cookie } })).status).toBe(200)
      expect(site?.events.filter(({ type }) => type === 'session.ended')).toEqual([])
    })

    it('asks for confirmation by GET, and ends nothing', async () => {
      const { send, emulator } = await withRoute()
      const cookie = await emulator.cookiesFor('ana')
      await send('/private', { headers: { cookie } })
      const page = await send('/goodbye', { headers: { ...navigation, cookie } })
      expect([page.status, page.headers['content-type']]).toEqual([200, expect.stringContaining('text/html')])
      expect((await send('/private', { headers: { cookie } })).status).toBe(200)
    })

    it('without the middleware is an error that says what is missing', async () => {
      site = await startSite(() => express().post('/goodbye', logout()).use(showError) as Express)
      const answer = await site.send('/goodbye', { method: 'POST' })
      expect(JSON.parse(answer.body)).toEqual({ seen: 'no-middleware' })
    })
  })

  it('a handler can log out by itself, also with a destructured method', async () => {
    const { send, emulator } = await start((app) => {
      app.post('/leave', requireCitizen(), (req, res, next) => {
        const { logout: leave } = req.citizen
        leave({ returnTo: '/bye' }).then((receipt) => res.redirect(303, receipt.continueAt ?? '/'), next)
      })
    })
    const cookie = await emulator.cookiesFor('ana')
    const answer = await send('/leave', { method: 'POST', headers: { ...ownForm, cookie } })
    const onward = String(answer.headers.location)
    expect([answer.status, new URL(onward).pathname]).toEqual([303, '/session/leave'])
    expect(answer.cookies.some((line) => /^c1_signature=;/.test(line))).toBe(true)
    expect((await send('/private', { headers: { ...ownScript, cookie } })).status).toBe(401)
  })

  it('serves a request with a known token without waiting', async () => {
    const order: string[] = []
    const { send, emulator } = await start(
      (app) => {
        app.get('/order', (_req, res) => {
          order.push('handler')
          res.send('ok')
        })
      },
      {
        before: (app) =>
          app.use((_req, _res, next) => {
            order.push('before')
            queueMicrotask(() => order.push('microtask'))
            next()
          }),
      },
    )
    const cookie = await emulator.cookiesFor('ana')
    const first = await send('/order', { headers: { cookie } })
    const hint = first.cookies[0]?.split(';')[0]
    await send('/order', { headers: { cookie: `${cookie}; ${hint}` } })
    order.length = 0
    await send('/order', { headers: { cookie: `${cookie}; ${hint}` } })
    expect(order).toEqual(['before', 'handler', 'microtask'])
  })
})

describe('node:http without a framework', () => {
  it('serves our routes and knows the person', async () => {
    site = await startSite((auth) => (incoming, response) => {
      auth(incoming, response, () => {
        response.end(
          JSON.stringify((incoming as typeof incoming & { citizen: { state: string } }).citizen.state),
        )
      })
    })
    const cookie = await site.emulator.cookiesFor('ana')
    expect((await site.send('/', { headers: { cookie } })).body).toBe('"active"')
    expect((await site.send('/session/status')).status).toBe(200)
    const out = await site.send('/session/logout', { method: 'POST', headers: { ...ownScript, cookie } })
    expect(JSON.parse(out.body)).toMatchObject({ outcome: 'partial' })
    expect((await site.send('/', { headers: { cookie } })).body).toBe('"anonymous"')
  })
})
