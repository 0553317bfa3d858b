import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import express from 'express'
import expressSession from 'express-session'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { bindSession } from '../../adapters/express-session.js'
import { type NodeRequest, notifyRouteObservers } from '../../adapters/node.js'
import { memoryStore, type Suite } from '../../src/index.js'
import { describeBoundSessions, type Stores } from './bound-sessions.js'
import { expressVersions, ownScript, type Site, sharedEmulator, startSite } from './site.js'

async function memoryStores(): Promise<Stores> {
  const { clock } = await sharedEmulator()
  // Every instance listens for the store's outages.
  const sessions = new expressSession.MemoryStore().setMaxListeners(0)
  return {
    sessionStore: () => sessions,
    has: (id) =>
      new Promise((resolve, reject) => {
        sessions.get(id, (error, found) => (error ? reject(error) : resolve(Boolean(found))))
      }),
    citizenStore: () => {
      const store = memoryStore({ clock })
      return () => store
    },
    close: async () => undefined,
  }
}

for (const [version, make] of expressVersions) {
  describeBoundSessions(`with the memory store of express-session on ${version}`, memoryStores, make)
}

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Binds to a store of its own, as an application does that is made and thrown away. */
function bindAndForget(): WeakRef<object> {
  const store = new expressSession.MemoryStore()
  bindSession({ store })
  return new WeakRef(store)
}

describe('bindSession', () => {
  it('sees our routes for as long as its application is there, and holds nothing of one that is gone', async () => {
    const gone = Array.from({ length: 20 }, bindAndForget)
    const store = new expressSession.MemoryStore()
    const middleware = bindSession({ store })
    const remaining = () => gone.filter((reference) => reference.deref() !== undefined).length
    for (let round = 0; round < 20 && remaining() > 0; round += 1) {
      await setImmediate()
      collectGarbage()
    }
    expect(remaining()).toBe(0)
    const onSessionEnded = vi.fn()
    const suite: Pick<Suite, 'onSessionEnded'> = { onSessionEnded }
    const request: { sessionStore: unknown } = { sessionStore: store }
    notifyRouteObservers(suite as Suite, request as unknown as NodeRequest)
    expect(onSessionEnded).toHaveBeenCalledOnce()
    expect(middleware).toBeTypeOf('function')
  })

  let site: Site | undefined
  afterEach(async () => {
    await site?.close()
    site = undefined
  })
  const session = () => expressSession({ secret: 'another', resave: false, saveUninitialized: false })

  it('before citizenSession() is an error that says what is missing', async () => {
    site = await startSite((auth) =>
      express()
        .use(session(), bindSession(), auth)
        .use(((error, _req, res, _next) => res.json({ seen: error.code })) as express.ErrorRequestHandler),
    )
    expect(JSON.parse((await site.send('/')).body)).toEqual({ seen: 'no-middleware' })
  })

  it.each(expressVersions)('without express-session does nothing, on %s', async (_version, make) => {
    site = await startSite((auth) =>
      make()
        .use(auth, bindSession())
        .get('/', (req, res) => void res.json({ state: req.citizen.state, session: req.session ?? null })),
    )
    const cookie = await site.emulator.cookiesFor('ana')
    const answer = await site.send('/', { headers: { ...ownScript, cookie } })
    expect(JSON.parse(answer.body)).toEqual({ state: 'active', session: null })
  })

  it('with its suite, ends sessions in a process that has never seen a request', async () => {
    const emulator = await sharedEmulator()
    const store = memoryStore({ clock: emulator.clock })
    const sessions = new expressSession.MemoryStore()
    const url = 'http://benefits.citizen.localhost'
    let id = ''
    site = await startSite(
      (auth) =>
        express()
          .use(
            expressSession({ store: sessions, secret: 'another', resave: false, saveUninitialized: false }),
          )
          .use(auth, bindSession({ store: sessions }))
          .get('/', (req, res) => {
            id = req.sessionID
            res.json({})
          }),
      { store, url },
    )
    const worker = await startSite(
      (auth) => {
        bindSession({ store: sessions, suite: auth.suite })
        return (_request, response) => void response.end()
      },
      { store, url },
    )
    const cookie = await emulator.cookiesFor('ana')
    await site.send('/', { headers: { ...ownScript, cookie } })
    const has = () => new Promise((resolve) => sessions.get(id, (_error, found) => resolve(Boolean(found))))
    expect(await has()).toBe(true)
    const sub = emulator.people.find(({ username }) => username === 'ana')?.sub
    await worker.auth.suite.sessions.endAllOf({ subject: String(sub) })
    expect(await has()).toBe(false)
    await worker.close()
  })
})
