/** @module What `bindSession()` must do with koa-session: in a store, and with everything in the cookie. */
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import Koa from 'koa'
import { createSession } from 'koa-session'
import { afterEach, describe, expect, it } from 'vitest'
import { citizenOf, citizenSession } from '../../adapters/koa.js'
import { bindSession } from '../../adapters/koa-session.js'
import { createSuite, memoryStore, type Suite } from '../../src/index.js'
import { ownScript, type SendOptions, send, sharedEmulator } from './site.js'

const koaVersions: readonly (readonly [name: string, framework: typeof Koa])[] = [
  ['Koa 3', Koa],
  ['Koa 2', createRequire(import.meta.url)('koa2') as typeof Koa],
]

const open: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of open.splice(0)) await close()
})

interface Shown {
  readonly state?: string
  readonly data?: Record<string, string>
}

/** One application with koa-session; `kept` is what its store holds, where it has one. */
async function start(framework: typeof Koa, hasStore: boolean) {
  const emulator = await sharedEmulator()
  const kept = new Map<string, unknown>()
  const sessionStore = {
    get: async (key: string) => kept.get(key),
    set: async (key: string, value: unknown) => void kept.set(key, structuredClone(value)),
    destroy: async (key: string) => void kept.delete(key),
  }
  const suite: Suite = createSuite(
    {
      identityProvider: { url: emulator.url },
      sharedCookie: { domain: 'citizen.localhost' },
      application: {
        id: 'benefits',
        url: 'http://benefits.citizen.localhost',
        secrets: ['a secret of thirty-two bytes or more'],
      },
      store: memoryStore({ clock: emulator.clock }),
      clock: emulator.clock,
      fetch: emulator.fetch,
      onEvent: () => undefined,
    },
    {},
  )
  const app = new framework()
  app.keys = ['another secret']
  app.silent = true
  app.use(createSession(hasStore ? { store: sessionStore } : {}, app))
  app.use(citizenSession(suite))
  app.use(bindSession(hasStore ? { store: sessionStore } : {}))
  app.use(async (ctx) => {
    if (ctx.path === '/leave') {
      ctx.session.left = 'data of the last request'
      await citizenOf(ctx).logout()
    }
    const given = Object.fromEntries(new URLSearchParams(ctx.querystring))
    if (ctx.path === '/put') ctx.session.data = { ...ctx.session.data, ...given }
    if (ctx.path === '/throw') ctx.throw(500)
    ctx.body = { state: ctx.state.citizen.state, data: ctx.session?.data ?? {} }
  })
  const callback = app.callback()
  const server = createServer((request, response) => void callback(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  open.push(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await suite.close()
    emulator.reset()
  })

  const client = () => {
    const cookies = new Map<string, string>()
    const take = (pairs: readonly string[]) => {
      for (const pair of pairs)
        cookies.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1))
    }
    return {
      cookies,
      async signIn(username: string, request?: Parameters<typeof emulator.cookiesFor>[1]) {
        take((await emulator.cookiesFor(username, request)).split('; '))
      },
      async visit(path: string, options: SendOptions = {}): Promise<Shown> {
        const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
        const answer = await send(port, path, {
          ...options,
          headers: { ...ownScript, cookie, ...options.headers },
        })
        for (const line of answer.cookies) {
          const pair = line.split(';', 1)[0] ?? ''
          if (/max-age=0|expires=thu, 01 jan 1970/i.test(line)) cookies.delete(pair.split('=', 1)[0] ?? '')
          else take([pair])
        }
        return answer.headers['content-type']?.includes('json') ? JSON.parse(answer.body) : {}
      },
    }
  }
  return { client, kept, suite, emulator }
}

const cases = koaVersions.flatMap(([name, framework]) => [
  [`${name}, in a store`, framework, true] as const,
  [`${name}, in its cookie`, framework, false] as const,
])

describe.each(cases)('koa-session on %s', (_name, framework, hasStore) => {
  it('ASV-03 what was planted before the login is gone after it, and its key is dead', async () => {
    const { client, kept } = await start(framework, hasStore)
    const attacker = client()
    await attacker.visit('/put?planted=yes')
    const planted = new Map(attacker.cookies)
    const victim = client()
    for (const [name, value] of planted) victim.cookies.set(name, value)
    expect((await victim.visit('/show')).data).toEqual({ planted: 'yes' })
    await victim.signIn('ana')
    expect(await victim.visit('/put?iban=secret')).toEqual({ state: 'active', data: { iban: 'secret' } })
    expect(victim.cookies.get('koa.sess')).not.toBe(planted.get('koa.sess'))
    if (hasStore) expect([kept.has(String(planted.get('koa.sess'))), kept.size]).toEqual([false, 1])
    expect((await attacker.visit('/show')).data).not.toHaveProperty('iban')
    expect(await victim.visit('/show')).toEqual({ state: 'active', data: { iban: 'secret' } })
  })

  it('ASV-05 nothing of it is left after a logout, also for whoever kept the cookies', async () => {
    const { client, kept } = await start(framework, hasStore)
    const person = client()
    await person.signIn('ana')
    await person.visit('/put?iban=secret')
    const old = new Map(person.cookies)
    await person.visit('/session/logout', { method: 'POST' })
    if (hasStore) expect(kept.size).toBe(0)
    const thief = client()
    for (const [name, value] of old) thief.cookies.set(name, value)
    expect(await thief.visit('/show')).toEqual({ state: 'anonymous', data: {} })
    if (!hasStore) expect(thief.cookies.has('koa.sess')).toBe(false)
  })

  it('is not saved by the very request that ends the session', async () => {
    const { client, kept } = await start(framework, hasStore)
    const person = client()
    await person.signIn('ana')
    await person.visit('/put?iban=secret')
    await person.visit('/leave')
    if (hasStore) expect(kept.size).toBe(0)
    expect(await person.visit('/show')).toEqual({ state: 'anonymous', data: {} })
  })

  it('is another one for another person, and for a new login', async () => {
    const { client } = await start(framework, hasStore)
    const person = client()
    await person.signIn('ana')
    await person.visit('/put?iban=secret')
    await person.signIn('cleo')
    await person.visit('/show')
    expect(await person.visit('/show')).toEqual({ state: 'active', data: {} })
    await person.visit('/put?iban=cleo')
    await person.signIn('cleo')
    expect(await person.visit('/show')).toEqual({ state: 'active', data: {} })
  })

  it('keeps its data at a rise in assurance, under a new key', async () => {
    const { client, emulator } = await start(framework, hasStore)
    const person = client()
    await person.signIn('dan', { level: 'password' })
    await person.visit('/put?cart=bread')
    const before = person.cookies.get('koa.sess')
    await person.signIn('dan', { level: 'did', session: String(emulator.sessions.at(-1)?.jti) })
    expect(await person.visit('/show')).toEqual({ state: 'active', data: { cart: 'bread' } })
    expect(person.cookies.get('koa.sess')).not.toBe(before)
    expect(await person.visit('/show')).toEqual({ state: 'active', data: { cart: 'bread' } })
  })

  it('is over with the idle time, and left alone by another site’s request', async () => {
    const { client, emulator } = await start(framework, hasStore)
    const person = client()
    await person.signIn('ana')
    await person.visit('/put?iban=secret')
    const foreign = client()
    const session = person.cookies.get('koa.sess')
    for (const [name, value] of person.cookies) if (name.startsWith('koa')) foreign.cookies.set(name, value)
    const headers = { 'sec-fetch-site': 'cross-site' }
    expect(await foreign.visit('/show', { headers })).toEqual({ state: 'anonymous', data: {} })
    expect(foreign.cookies.get('koa.sess')).toBe(session)
    expect((await person.visit('/show')).data).toEqual({ iban: 'secret' })
    emulator.travel(601)
    expect(await person.visit('/show')).toEqual({ state: 'anonymous', data: {} })
    expect(person.cookies.has('koa.sess')).toBe(false)
  })

  it('survives an error of the application', async () => {
    const { client } = await start(framework, hasStore)
    const person = client()
    await person.signIn('ana')
    await person.visit('/put?cart=bread')
    await person.visit('/throw')
    expect(await person.visit('/show')).toEqual({ state: 'active', data: { cart: 'bread' } })
  })
})
