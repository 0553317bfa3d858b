/** @module What `bindSession()` must do on every store of express-session, with two instances of one application. */
import express, { type ErrorRequestHandler, type Express } from 'express'
import expressSession, { type SessionOptions, type Store as SessionStore } from 'express-session'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { bindSession } from '../../adapters/express-session.js'
import { type Store, StoreUnavailableError } from '../../src/index.js'
import { type Answer, form, navigation, ownScript, type SendOptions, type Site, startSite } from './site.js'

declare module 'express-session' {
  interface SessionData {
    data?: Record<string, string>
    views?: number
  }
}

/** The stores of a run: the application's own, and ours. */
export interface Stores {
  /** One object for each instance, over the same place. */
  sessionStore(): SessionStore
  /** Whether an express-session of this id is stored. */
  has(id: string): Promise<boolean>
  /** A new place for our sessions, and a store over it for each instance. */
  citizenStore(): () => Store
  close(): Promise<void>
}

/** Cookies of one browser, as far as these tests need them. */
interface Client {
  readonly cookies: Map<string, string>
  visit(site: Site, path: string, options?: SendOptions): Promise<Answer & { json: Shown }>
  /** Takes the shared cookies of a person who has signed in. */
  take(header: string): void
}

interface Shown {
  readonly id?: string
  readonly state?: string
  readonly data?: Record<string, string>
}

function createClient(): Client {
  const cookies = new Map<string, string>()
  return {
    cookies,
    take(header) {
      for (const pair of header.split('; ')) cookies.set(...split(pair))
    },
    async visit(site, path, options = {}) {
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
      const headers = { ...ownScript, ...(cookie === '' ? {} : { cookie }), ...options.headers }
      const answer = await site.send(path, { ...options, headers })
      for (const line of answer.cookies) {
        const [name, value] = split(line.split(';', 1)[0] ?? '')
        if (/max-age=0|expires=thu, 01 jan 1970/i.test(line)) cookies.delete(name)
        else cookies.set(name, value)
      }
      const isJson = answer.headers['content-type']?.includes('json') === true
      return { ...answer, json: isJson && answer.body !== '' ? JSON.parse(answer.body) : {} }
    },
  }
}

function split(pair: string): [string, string] {
  const at = pair.indexOf('=')
  return [pair.slice(0, at), pair.slice(at + 1)]
}

/** Nobody's data is there, and this is how the person stands. */
function expectEmpty({ state, data }: Shown, expected: string): void {
  expect({ state, data }).toEqual({ state: expected, data: {} })
}

const showError: ErrorRequestHandler = (error, _req, res, _next) => {
  res.status(error.status ?? 500).json({ seen: error.code ?? error.message })
}

/** Lets a handler wait until the test says go. */
function createGate() {
  let open = (): void => undefined
  let entered = (): void => undefined
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  const arrived = new Promise<void>((resolve) => {
    entered = resolve
  })
  return { open: () => open(), entered: () => entered(), opened, arrived }
}
/** Runs the cases on a pair of stores. */
export function describeBoundSessions(name: string, open: () => Promise<Stores>, make = express): void {
  describe(name, () => {
    let stores: Stores
    const sites: Site[] = []
    beforeAll(async () => {
      stores = await open()
      return () => stores.close()
    })
    afterEach(async () => {
      for (const site of sites.splice(0)) await site.close()
    })

    interface InstanceOptions {
      readonly session?: Partial<SessionOptions>
      readonly before?: (app: Express) => unknown
      readonly add?: (app: Express) => unknown
      readonly id?: string
      readonly skip?: (target: string) => boolean
      readonly withStore?: boolean
    }

    const instance = async (store: () => Store, options: InstanceOptions = {}): Promise<Site> => {
      const sessionStore = options.session?.store ?? stores.sessionStore()
      const id = options.id ?? 'benefits'
      const { skip } = options
      const site = await startSite(
        (auth) => {
          const app = make()
          app.use(
            expressSession({
              secret: 'another secret',
              resave: false,
              saveUninitialized: false,
              ...options.session,
              store: sessionStore,
            }),
          )
          options.before?.(app)
          app.use(auth, bindSession(options.withStore === false ? {} : { store: sessionStore }))
          app.get('/show', (req, res) => {
            res.json({ id: req.sessionID, state: req.citizen.state, data: req.session.data ?? {} })
          })
          app.get('/put', (req, res) => {
            req.session.data = { ...req.session.data, ...(req.query as Record<string, string>) }
            res.json({ id: req.sessionID, state: req.citizen.state, data: req.session.data })
          })
          options.add?.(app)
          app.use(showError)
          return app
        },
        {
          store: store(),
          url: `http://${id}.citizen.localhost`,
          suite: {
            application: { id },
            ...(skip === undefined ? {} : { routes: { skip: ({ target }) => skip(target) } }),
          },
        },
      )
      sites.push(site)
      return site
    }

    /** A client with something in its session, signed in at an instance. */
    const signedIn = async (site: Site, username = 'ana', request?: { level: 'password' }) => {
      const client = createClient()
      client.take(await site.emulator.cookiesFor(username, request))
      const { json } = await client.visit(site, '/put?cart=bread')
      expect(json).toMatchObject({ state: 'active', data: { cart: 'bread' } })
      return { client, id: String(json.id) }
    }

    describe('at sign-in', () => {
      it('ASV-03 an id that was chosen before the login is another one after it, and dead', async () => {
        const a = await instance(stores.citizenStore())
        const attacker = createClient()
        const planted = (await attacker.visit(a, '/put?planted=yes')).json
        const victim = createClient()
        victim.cookies.set('connect.sid', String(attacker.cookies.get('connect.sid')))
        expect((await victim.visit(a, '/show')).json.data).toEqual({ planted: 'yes' })
        victim.take(await a.emulator.cookiesFor('ana'))
        const after = (await victim.visit(a, '/put?iban=secret')).json
        expect(after).toMatchObject({ state: 'active', data: { iban: 'secret' } })
        expect(after.data).not.toHaveProperty('planted')
        expect(after.id).not.toBe(planted.id)
        expect(await stores.has(String(planted.id))).toBe(false)
        expect((await attacker.visit(a, '/show')).json.data).toEqual({})
      })

      it('ASV-03 no new id comes with later requests, on any instance', async () => {
        const place = stores.citizenStore()
        const [a, b] = [await instance(place), await instance(place)]
        const { client, id } = await signedIn(a)
        for (const site of [b, a, b]) {
          const { json, cookies } = await client.visit(site, '/show')
          expect(json).toEqual({ id, state: 'active', data: { cart: 'bread' } })
          expect(cookies.filter((line) => line.startsWith('connect.sid'))).toEqual([])
        }
        expect((await client.visit(b, '/put?more=milk')).json).toMatchObject({ id })
        expect((await client.visit(a, '/show')).json.data).toEqual({ cart: 'bread', more: 'milk' })
      })

      it('is never the authority: the cookie of a signed-in session alone shows nothing', async () => {
        const a = await instance(stores.citizenStore())
        const { client } = await signedIn(a)
        const thief = createClient()
        thief.cookies.set('connect.sid', String(client.cookies.get('connect.sid')))
        expectEmpty((await thief.visit(a, '/show')).json, 'anonymous')
      })

      it('fails with the store of express-session, and hands no old data out', async () => {
        const sessionStore = stores.sessionStore()
        const a = await instance(stores.citizenStore(), { session: { store: sessionStore } })
        const client = createClient()
        await client.visit(a, '/put?planted=yes')
        client.take(await a.emulator.cookiesFor('ana'))
        const { destroy } = sessionStore
        sessionStore.destroy = (_id, done) => done?.(new Error('session store down'))
        const answer = await client.visit(a, '/show')
        sessionStore.destroy = destroy
        expect([answer.status, answer.json]).toEqual([500, { seen: 'session store down' }])
      })
    })

    describe('at a change of person', () => {
      it.each([
        ['with our hint of the person before', true],
        ['without it', false],
      ])('nothing of the old person’s data is left, %s', async (_name, hasHint) => {
        const place = stores.citizenStore()
        const [a, b] = [await instance(place), await instance(place)]
        const { client, id } = await signedIn(a)
        if (!hasHint) client.cookies.delete('benefits.seen')
        client.take(await a.emulator.cookiesFor('cleo'))
        const first = (await client.visit(b, '/show')).json
        expect(first.data).toEqual({})
        expect(first.id).not.toBe(id)
        const second = (await client.visit(a, '/show')).json
        expectEmpty(second, 'active')
        expect(await stores.has(id)).toBe(false)
      })

      it('a new login of the same person begins empty too', async () => {
        const a = await instance(stores.citizenStore())
        const { client, id } = await signedIn(a)
        client.take(await a.emulator.cookiesFor('ana'))
        const { json } = await client.visit(a, '/show')
        expectEmpty(json, 'active')
        expect(json.id).not.toBe(id)
        expect(await stores.has(id)).toBe(false)
      })
    })

    describe('at a rise in assurance', () => {
      it('ASV-03 the id is new, the old one dead at once, and the data stays', async () => {
        const place = stores.citizenStore()
        const [a, b] = [await instance(place), await instance(place)]
        const { client, id } = await signedIn(a, 'dan', { level: 'password' })
        const session = a.emulator.sessions.at(-1)?.jti
        client.take(await a.emulator.cookiesFor('dan', { session: String(session), level: 'did' }))
        const old = client.cookies.get('connect.sid')
        const risen = (await client.visit(b, '/show')).json
        expect(risen).toMatchObject({ state: 'active', data: { cart: 'bread' } })
        expect(risen.id).not.toBe(id)
        expect(await stores.has(id)).toBe(false)
        expect((await client.visit(a, '/show')).json).toEqual(risen)
        client.cookies.set('connect.sid', String(old))
        expect((await client.visit(a, '/show')).json.data).toEqual({})
      })

      it('ends with our session under its new id', async () => {
        const a = await instance(stores.citizenStore())
        const { client } = await signedIn(a, 'dan', { level: 'password' })
        const session = a.emulator.sessions.at(-1)?.jti
        client.take(await a.emulator.cookiesFor('dan', { session: String(session), level: 'did' }))
        const { id } = (await client.visit(a, '/show')).json
        expect(await stores.has(String(id))).toBe(true)
        await client.visit(a, '/session/logout', { method: 'POST' })
        expect(await stores.has(String(id))).toBe(false)
      })
    })

    describe('at the end', () => {
      it('ASV-05 a logout on one instance destroys it at once, and the other instance has nothing of it', async () => {
        const place = stores.citizenStore()
        const [a, b] = [await instance(place), await instance(place)]
        const { client, id } = await signedIn(a)
        await client.visit(b, '/put?more=milk')
        const replay = new Map(client.cookies)
        await client.visit(a, '/session/logout', { method: 'POST' })
        expect(await stores.has(id)).toBe(false)
        const thief = createClient()
        for (const [key, value] of replay) thief.cookies.set(key, value)
        const { json } = await thief.visit(b, '/show')
        expectEmpty(json, 'anonymous')
        expect(json.id).not.toBe(id)
      })

      it('of a timer destroys it on the instance that finds it, also by a status poll', async () => {
        for (const path of ['/show', '/session/status']) {
          const place = stores.citizenStore()
          const [a, b] = [await instance(place), await instance(place)]
          const { client, id } = await signedIn(a)
          a.travel(601)
          await client.visit(b, path)
          expect(await stores.has(id)).toBe(false)
          expectEmpty((await client.visit(a, '/show')).json, 'anonymous')
        }
      })

      it('by an administrator destroys it', async () => {
        const place = stores.citizenStore()
        const [a, b] = [await instance(place), await instance(place)]
        const { id } = await signedIn(a, 'ana')
        await signedIn(b, 'cleo')
        const sub = a.emulator.people.find(({ username }) => username === 'ana')?.sub
        await b.auth.suite.sessions.endAllOf({ subject: String(sub) })
        expect(await stores.has(id)).toBe(false)
      })

      it('by a sibling application destroys it with the next request', async () => {
        const place = stores.citizenStore()
        const [a, library] = [await instance(place), await instance(place, { id: 'library' })]
        const { client, id } = await signedIn(a)
        const other = createClient()
        for (const key of ['c1_header', 'c1_payload', 'c1_signature'])
          other.cookies.set(key, String(client.cookies.get(key)))
        await other.visit(library, '/show')
        await other.visit(library, '/session/logout', { method: 'POST' })
        expectEmpty((await client.visit(a, '/show')).json, 'anonymous')
        expect(await stores.has(id)).toBe(false)
      })

      it('noticed by the missing shared cookie destroys it', async () => {
        const a = await instance(stores.citizenStore())
        const { client, id } = await signedIn(a)
        for (const key of ['c1_header', 'c1_payload', 'c1_signature']) client.cookies.delete(key)
        const { json } = await client.visit(a, '/show', { headers: navigation })
        expectEmpty(json, 'anonymous')
        expect(await stores.has(id)).toBe(false)
      })

      it('works without the store option once a request has come', async () => {
        const a = await instance(stores.citizenStore(), { withStore: false })
        const { client, id } = await signedIn(a)
        await client.visit(a, '/session/logout', { method: 'POST' })
        expect(await stores.has(id)).toBe(false)
      })

      it('is not undone by a store that cannot destroy: the next request sees to it', async () => {
        const sessionStore = stores.sessionStore()
        const a = await instance(stores.citizenStore(), { session: { store: sessionStore } })
        const { client, id } = await signedIn(a)
        const cookies = new Map(client.cookies)
        const { destroy } = sessionStore
        sessionStore.destroy = (_id, done) => done?.(new Error('session store down'))
        expect((await client.visit(a, '/session/logout', { method: 'POST' })).status).toBe(200)
        sessionStore.destroy = destroy
        expect(await stores.has(id)).toBe(true)
        for (const [key, value] of cookies) client.cookies.set(key, value)
        expectEmpty((await client.visit(a, '/show')).json, 'anonymous')
        expect(await stores.has(id)).toBe(false)
      })
    })

    describe('RACE-1 a request under way cannot save again what has ended', () => {
      const handlers: readonly (readonly [string, (app: Express, wait: () => Promise<void>) => unknown])[] = [
        [
          'by changing it',
          (app, wait) =>
            app.get('/slow', async (req, res) => {
              await wait()
              req.session.data = { late: 'yes' }
              res.json({})
            }),
        ],
        [
          'by session.save()',
          (app, wait) =>
            app.get('/slow', async (req, res, next) => {
              await wait()
              req.session.data = { late: 'yes' }
              req.session.save((error) => (error ? next(error) : res.json({})))
            }),
        ],
        [
          'by session.regenerate()',
          (app, wait) =>
            app.get('/slow', async (req, res, next) => {
              await wait()
              req.session.regenerate((error) => {
                req.session.data = { late: 'yes' }
                error ? next(error) : res.json({ id: req.sessionID })
              })
            }),
        ],
        [
          'after a session.reload()',
          (app, wait) =>
            app.get('/slow', (req, res, next) => {
              req.session.reload((error) => {
                if (error) {
                  next(error)
                  return
                }
                wait().then(() => {
                  req.session.data = { late: 'yes' }
                  res.json({})
                }, next)
              })
            }),
        ],
      ]
      it.each(handlers)('%s, on the instance that ended it or another', async (_name, add) => {
        for (const isSame of [true, false]) {
          const gate = createGate()
          const wait = () => {
            gate.entered()
            return gate.opened
          }
          const place = stores.citizenStore()
          const a = await instance(place, { add: (app) => add(app, wait) })
          const b = await instance(place)
          const { client, id } = await signedIn(a)
          const slow = client.visit(a, '/slow')
          await gate.arrived
          const other = createClient()
          for (const [key, value] of client.cookies) other.cookies.set(key, value)
          await other.visit(isSame ? a : b, '/session/logout', { method: 'POST' })
          expect(await stores.has(id)).toBe(false)
          gate.open()
          const { status, json } = await slow
          expect(status).toBe(200)
          expect(await stores.has(id)).toBe(false)
          if (json.id !== undefined) expect(await stores.has(json.id)).toBe(false)
        }
      })

      it.each([
        ['that saves every session', { resave: true, rolling: true } as Partial<SessionOptions>],
        ['with a counter before us', {}],
      ])('by the logout request itself, in an application %s', async (_name, session) => {
        const a = await instance(stores.citizenStore(), {
          session,
          before: (app) =>
            app.use((req, _res, next) => {
              req.session.views = (req.session.views ?? 0) + 1
              next()
            }),
        })
        const { client, id } = await signedIn(a)
        await client.visit(a, '/session/logout', { method: 'POST', headers: form })
        expect(await stores.has(id)).toBe(false)
      })

      it('by twenty requests that save while two instances sign the person out', async () => {
        const place = stores.citizenStore()
        const [a, b] = [await instance(place), await instance(place)]
        const { client, id } = await signedIn(a)
        const cookies = [...client.cookies]
        const visit = (site: Site, path: string, options?: SendOptions) => {
          const tab = createClient()
          for (const [key, value] of cookies) tab.cookies.set(key, value)
          return tab.visit(site, path, options)
        }
        const answers = await Promise.all(
          Array.from({ length: 20 }, (_, at) => {
            const site = at % 2 === 0 ? a : b
            return at === 8 || at === 9
              ? visit(site, '/session/logout', { method: 'POST' })
              : visit(site, `/put?n${at}=late`)
          }),
        )
        expect(answers.every(({ status }) => status === 200)).toBe(true)
        expect(await stores.has(id)).toBe(false)
        expectEmpty((await visit(b, '/show')).json, 'anonymous')
      })

      it('by a handler that logs out and goes on', async () => {
        const a = await instance(stores.citizenStore(), {
          add: (app) =>
            app.post('/leave', async (req, res) => {
              if (req.citizen.state === 'active') await req.citizen.logout({ scope: 'application' })
              req.session.data = { late: 'yes' }
              res.json({})
            }),
        })
        const { client, id } = await signedIn(a)
        expect((await client.visit(a, '/leave', { method: 'POST' })).status).toBe(200)
        expect(await stores.has(id)).toBe(false)
      })

      it('and a save that is no race keeps what it saved, under an id of the application’s choice too', async () => {
        const a = await instance(stores.citizenStore(), {
          add: (app) =>
            app.get('/renew', (req, res, next) => {
              req.session.regenerate((error) => {
                req.session.data = { renewed: 'yes' }
                error ? next(error) : res.json({ id: req.sessionID })
              })
            }),
        })
        const { client, id } = await signedIn(a)
        const renewed = (await client.visit(a, '/renew')).json
        expect(renewed.id).not.toBe(id)
        expect((await client.visit(a, '/show')).json).toEqual({
          id: renewed.id,
          state: 'active',
          data: { renewed: 'yes' },
        })
        await client.visit(a, '/session/logout', { method: 'POST' })
        expect(await stores.has(String(renewed.id))).toBe(false)
      })
    })

    describe('leaves the session alone', () => {
      it('while our store cannot answer', async () => {
        const healthy = stores.citizenStore()()
        let isDown = false
        const store: Store = new Proxy(healthy, {
          get(target, key, receiver) {
            const member: unknown = Reflect.get(target, key, receiver)
            if (typeof member !== 'function') return member
            return (...given: unknown[]) => {
              if (isDown) throw new StoreUnavailableError('the store is down')
              return member.apply(target, given)
            }
          },
        })
        const a = await instance(() => store)
        const { client, id } = await signedIn(a)
        isDown = true
        const { json, cookies } = await client.visit(a, '/show')
        expect([json.state, json.id, cookies]).toEqual(['unavailable', id, []])
        isDown = false
        expect((await client.visit(a, '/show')).json).toMatchObject({ id, data: { cart: 'bread' } })
      })

      it('on a request of another site, which the shared cookies do not accompany; that one sees an empty session', async () => {
        const a = await instance(stores.citizenStore())
        const { client, id } = await signedIn(a)
        const foreign = createClient()
        foreign.cookies.set('connect.sid', String(client.cookies.get('connect.sid')))
        for (const site of ['cross-site', 'same-site']) {
          const headers = { 'sec-fetch-site': site }
          for (const path of ['/show', '/put?forced=yes']) {
            const answer = await foreign.visit(a, path, { headers })
            expect(answer.json.data).not.toHaveProperty('cart')
            expect(answer.cookies).toEqual([])
          }
        }
        expect((await client.visit(a, '/show')).json).toEqual({
          id,
          state: 'active',
          data: { cart: 'bread' },
        })
      })

      it('while a second factor is missing, and hands nothing of it out', async () => {
        const a = await instance(stores.citizenStore())
        const { client, id } = await signedIn(a)
        const shared = new Map(client.cookies)
        client.take(await a.emulator.cookiesFor('ben', { level: 'password' }))
        const waiting = await client.visit(a, '/show')
        expectEmpty(waiting.json, 'mfa-required')
        for (const [key, value] of shared) client.cookies.set(key, value)
        expect((await client.visit(a, '/show')).json).toMatchObject({ id, data: { cart: 'bread' } })
      })

      it.each([
        ['invalid-token', (own: string) => own.replace(/(c1_signature=)[^;]{9}/, '$1AAAAAAAAA')],
        ['ambiguous-cookie', (own: string, other: string) => `${own}; ${other}`],
      ])('when a cookie that somebody planted makes it %s', async (reason, plant) => {
        const a = await instance(stores.citizenStore(), {
          add: (app) =>
            app.get('/why', (req, res) => {
              res.json({ reason: req.citizen.reason, data: req.session.data ?? {} })
            }),
        })
        const { client, id } = await signedIn(a)
        const own = [...client.cookies].map(([key, value]) => `${key}=${value}`).join('; ')
        const cookie = plant(own, await a.emulator.cookiesFor('cleo'))
        const answer = await a.send('/why', { headers: { ...ownScript, cookie } })
        expect(JSON.parse(answer.body)).toEqual({ reason, data: {} })
        expect(answer.cookies).toEqual([])
        expect((await client.visit(a, '/show')).json).toMatchObject({ id, data: { cart: 'bread' } })
      })

      it('on what routes.skip leaves alone', async () => {
        const a = await instance(stores.citizenStore(), {
          skip: (target) => target.startsWith('/still'),
          add: (app) => app.get('/still', (req, res) => void res.json({ data: req.session.data ?? {} })),
        })
        const { client } = await signedIn(a)
        expect((await client.visit(a, '/still')).json.data).toEqual({ cart: 'bread' })
      })

      it('of somebody who is not signed in', async () => {
        const a = await instance(stores.citizenStore())
        const client = createClient()
        const { id } = (await client.visit(a, '/put?cart=bread')).json
        expect((await client.visit(a, '/show')).json).toEqual({
          id,
          state: 'anonymous',
          data: { cart: 'bread' },
        })
      })
    })
  })
}
