import { describe, expect, it } from 'vitest'
import { createSuite } from '../../src/index.js'
import { createRefreshClient } from '../../src/shared-cookie/refresh-client.js'
import { createWorld, optionsOf, serve, type World } from '../support/world.js'

const url = 'https://benefits.citizen.example'
const emulator = { tokenSeconds: 1200, idleSeconds: 86_400, sessionSeconds: 86_400 }
const application = { sensitivity: 'basic' } as const
const refresh = { waitMilliseconds: 5000 }

const makeWorld = (given: object = {}) =>
  createWorld({
    emulator,
    applications: { benefits: { application, identityProvider: { refresh: { ...refresh, ...given } } } },
  })
const send = (world: World, cookie: string, path = '/private') =>
  world
    .application('benefits')
    .handle(new Request(`${url}${path}`, { headers: { cookie, 'sec-fetch-site': 'same-origin' } }))
const sharedIn = (response: Response) =>
  response.headers.getSetCookie().filter((line) => /^c1_(?:header|payload|signature)=[^;]/.test(line))
const cookieIn = (response: Response) =>
  sharedIn(response)
    .map((line) => line.split(';', 1)[0])
    .join('; ')

describe('a kept refresh', () => {
  it('peers: is handed out for the token that was exchanged, and for no older one', async () => {
    const world = await makeWorld()
    const oldest = await world.emulator.cookiesFor('ana')
    expect((await send(world, oldest)).status).toBe(200)
    world.travel(100)
    const session = world.emulator.sessions[0]?.jti
    const current = world.emulator.cookieHeader(await world.emulator.tokenFor('ana', { session }))
    expect((await send(world, current)).status).toBe(200)
    world.travel(700)
    expect(sharedIn(await send(world, current))).toHaveLength(3)
    expect(sharedIn(await send(world, current))).toHaveLength(3)
    const late = await send(world, oldest)
    expect([late.status, sharedIn(late)]).toEqual([200, []])
  })

  it('is not forgotten by an instance that meets the exchanged token for the first time', async () => {
    const world = await makeWorld()
    const first = await world.emulator.cookiesFor('ana')
    await send(world, first)
    world.travel(10)
    const session = world.emulator.sessions[0]?.jti
    const cookie = world.emulator.cookieHeader(await world.emulator.tokenFor('ana', { session }))
    await send(world, cookie)
    world.travel(700)
    // The other instance has read the record when this one refreshes, and looks at what is kept only then.
    let isHeld = true
    let reached = (): void => undefined
    const arrival = new Promise<void>((resolve) => {
      reached = resolve
    })
    let letGo = (): void => undefined
    const held = new Promise<void>((resolve) => {
      letGo = resolve
    })
    const store = new Proxy(world.store, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name)
        if (typeof member !== 'function') return member
        return async (...given: unknown[]) => {
          if (name === 'keptRefresh' && isHeld) {
            isHeld = false
            reached()
            await held
          }
          return member.apply(target, given) as unknown
        }
      },
    })
    const parts = { emulator: world.emulator, clock: world.now, store }
    const twin = createSuite(optionsOf('benefits', parts, { application, identityProvider: { refresh } }), {})
    const slow = serve(
      twin,
      new Request(`${url}/private`, { headers: { cookie, 'sec-fetch-site': 'same-origin' } }),
    )
    await arrival
    const lost = await send(world, cookie)
    expect(sharedIn(lost)).toHaveLength(3)
    letGo()
    expect((await slow).status).toBe(200)
    // The answer that carried the new token never arrived: the next one carries it again.
    expect(cookieIn(await send(world, cookie))).toBe(cookieIn(lost))
    expect(world.emulator.requests.refresh).toBe(1)
  })
})

describe('a refresh whose answer cannot be used', () => {
  it('because its key cannot be fetched leaves the old token at work', async () => {
    const world = await makeWorld()
    const cookie = await world.emulator.cookiesFor('ana')
    await send(world, cookie)
    world.travel(700)
    await world.emulator.rotateKeys()
    world.emulator.faults.set({ status: { jwks: 503 } })
    for (let count = 0; count < 3; count += 1) {
      const response = await send(world, cookie)
      expect([response.status, sharedIn(response)]).toEqual([200, []])
    }
    expect(world.application('benefits').events).toContainEqual(
      expect.objectContaining({ type: 'identity.degraded', problem: 'token' }),
    )
    world.emulator.faults.clear()
    world.travel(61)
    expect(sharedIn(await send(world, cookie))).toHaveLength(3)
  })

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['a token that is no text', { token: 5 }],
    ['an object of something else', { jwt: 'x' }],
    ['a text that is no token', { token: 'x' }],
  ])('REF-3 because readAnswer makes %s of it', async (_, answer) => {
    const world = await makeWorld({ readAnswer: () => answer })
    const cookie = await world.emulator.cookiesFor('ana')
    await send(world, cookie)
    world.travel(700)
    for (let count = 0; count < 2; count += 1) expect((await send(world, cookie)).status).toBe(200)
    expect(world.application('benefits').events).toContainEqual(
      expect.objectContaining({ type: 'identity.degraded' }),
    )
  })
})

it.each<[string, () => Promise<Response>]>([
  ['never answers', () => new Promise(() => undefined)],
  ['never ends its answer', async () => new Response(new ReadableStream({ start: () => undefined }))],
])('REF-2 a fetch that %s and heeds no signal is a time-out', async (_, fetch) => {
  const endpoint = 'https://id.citizen.example/refresh'
  const readAnswer = () => 'extended' as const
  const post = createRefreshClient({ endpoint, timeoutSeconds: 0.02, fetch, readAnswer })
  // AbortSignal.timeout keeps no process alive; something else must.
  const keepAlive = setInterval(() => undefined, 1000)
  expect(await post('a.b.c')).toEqual({ kind: 'failed', problem: 'timeout' })
  clearInterval(keepAlive)
})
