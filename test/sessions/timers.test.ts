import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { memoryStore, StoreUnavailableError, sensitivities } from '../../src/index.js'
import { idleEndsAt, timerOver, touchInterval } from '../../src/sessions/timers.js'
import { createWorld, shown } from '../support/world.js'

const url = 'https://benefits.citizen.example'
const never = { 'citizen-activity': 'none' }

describe('the idle timer, enforced on the server', () => {
  for (const [sensitivity, preset] of Object.entries(sensitivities)) {
    it(`ASV-04 NIST-04 ${sensitivity}: alive a second before ${preset.idleSeconds} s, dead a second after`, async () => {
      const world = await createWorld({
        applications: {
          benefits: { application: { sensitivity: sensitivity as 'sensitive', onIdle: 'resume' } },
        },
        emulator: { tokenSeconds: 86_400, sessionSeconds: 86_400 },
      })
      const browser = world.browser()
      await world.signIn(browser, 'benefits')
      world.travel(preset.idleSeconds - 1)
      const before = await browser.fetch(`${url}/private`, { headers: never })
      expect(before.status).toBe(200)
      world.travel(2)
      const after = await browser.fetch(`${url}/private`, { headers: never })
      expect(after.status).toBe(401)
      expect(await after.json()).toMatchObject({ reason: 'idle-timeout', login: '/session/login' })
    })
  }

  it('ASV-04 activity moves the idle end, and only it', async () => {
    const world = await createWorld({ emulator: { tokenSeconds: 86_400 } })
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    for (let round = 0; round < 5; round += 1) {
      world.travel(599)
      expect((await browser.open(`${url}/private`)).status).toBe(200)
    }
    const status = await shown(await browser.fetch(`${url}/session/status`))
    expect(status.session.startedAt).toBe(world.now() - 5 * 599_000)
    expect(status.session.endsAt).toBe(status.session.startedAt + 43_200_000)
    expect(status.session.idleEndsAt).toBe(world.now() + 600_000)
  })

  it.each([
    ['a status read', '/session/status', {}],
    ['a poll that says so', '/private', { 'citizen-activity': 'none' }],
    ['a prefetch (Sec-Purpose)', '/private', { 'sec-purpose': 'prefetch' }],
    ['a prefetch (Purpose)', '/private', { purpose: 'prefetch' }],
    ['a prefetch of a router', '/private', { 'next-router-prefetch': '1' }],
    ['a frame', '/private', { 'sec-fetch-dest': 'iframe', 'sec-fetch-mode': 'navigate' }],
    ['an image', '/private', { 'sec-fetch-dest': 'image', 'sec-fetch-mode': 'no-cors' }],
    ['a script', '/private', { 'sec-fetch-dest': 'script', 'sec-fetch-mode': 'no-cors' }],
    ['a style sheet', '/private', { 'sec-fetch-dest': 'style', 'sec-fetch-mode': 'no-cors' }],
  ])('NIST-06 %s is not the person being there', async (_name, path, headers) => {
    const world = await createWorld({ emulator: { tokenSeconds: 86_400 } })
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    world.travel(590)
    const response = await browser.fetch(`${url}${path}`, { headers: headers as Record<string, string> })
    expect(response.status).toBe(200)
    world.travel(20)
    expect((await browser.fetch(`${url}/private`, { headers: never })).status).toBe(401)
  })

  it('NIST-06 a script of a sibling application does not keep the session alive', async () => {
    const world = await createWorld({ emulator: { tokenSeconds: 86_400 } })
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    world.travel(590)
    await browser.fetch(`${url}/private`, { from: 'https://library.citizen.example' })
    world.travel(20)
    expect((await browser.fetch(`${url}/private`)).status).toBe(401)
  })

  it('a touch is written at most every ten seconds: the session may end that much early, never late', async () => {
    const world = await createWorld({ emulator: { tokenSeconds: 86_400 } })
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    world.travel(9)
    await browser.open(`${url}/private`)
    const first = await shown(await browser.fetch(`${url}/session/status`))
    expect(first.session.lastSeenAt).toBe(world.now() - 9_000)
    world.travel(1)
    await browser.open(`${url}/private`)
    const second = await shown(await browser.fetch(`${url}/session/status`))
    expect(second.session.lastSeenAt).toBe(world.now())
  })
})

describe('a touch that is due', () => {
  it('is written once for all requests in flight', async () => {
    let updates = 0
    const world = await createWorld({
      emulator: { tokenSeconds: 86_400 },
      store: (clock) => {
        const store = memoryStore({ clock })
        return {
          ...store,
          async update(address, generation, change) {
            updates += 1
            await Promise.resolve()
            return store.update(address, generation, change)
          },
        }
      },
    })
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    const cookie = await browser.cookieHeader(url)
    world.travel(30)
    const ask = () =>
      world.application('benefits').handle(new Request(`${url}/private`, { headers: { cookie } }))
    updates = 0
    const answers = await Promise.all(Array.from({ length: 20 }, ask))
    expect(answers.map((answer) => answer.status)).toEqual(Array(20).fill(200))
    expect(updates).toBe(1)
    const status = await shown(await browser.fetch(`${url}/session/status`))
    expect(status.session.lastSeenAt).toBe(world.now())
  })

  it('is tried again by the next request when the store could not write it', async () => {
    let isDown = true
    const world = await createWorld({
      emulator: { tokenSeconds: 86_400 },
      store: (clock) => {
        const store = memoryStore({ clock })
        return {
          ...store,
          update(address, generation, change) {
            if (isDown) throw new StoreUnavailableError('not now')
            return store.update(address, generation, change)
          },
        }
      },
    })
    const cookie = await world.emulator.cookiesFor('ana')
    const ask = () =>
      world.application('benefits').handle(new Request(`${url}/private`, { headers: { cookie } }))
    expect((await ask()).status).toBe(200)
    world.travel(30)
    expect((await ask()).status).toBe(503)
    isDown = false
    expect((await ask()).status).toBe(200)
    expect(await (await ask()).json()).toMatchObject({ session: { lastSeenAt: world.now() } })
  })

  it('ASV-04 whoever was let in has been noted: a request beside a touch that is lost writes its own', async () => {
    let lose: (() => void) | undefined
    let isHolding = false
    const world = await createWorld({
      emulator: { tokenSeconds: 86_400 },
      store: (clock) => {
        const store = memoryStore({ clock })
        return {
          ...store,
          update(address, generation, change) {
            if (!isHolding) return store.update(address, generation, change)
            isHolding = false
            return new Promise<boolean>((_resolve, reject) => {
              lose = () => reject(new StoreUnavailableError('not now'))
            })
          },
        }
      },
    })
    const cookie = await world.emulator.cookiesFor('ana')
    const ask = () =>
      world.application('benefits').handle(new Request(`${url}/private`, { headers: { cookie } }))
    expect((await ask()).status).toBe(200)
    world.travel(595)
    isHolding = true
    const first = ask()
    await expect.poll(() => lose).toBeDefined()
    let isAnswered = false
    const second = ask().finally(() => {
      isAnswered = true
    })
    await new Promise((resolve) => setImmediate(resolve))
    expect(isAnswered).toBe(false)
    lose?.()
    expect((await first).status).toBe(503)
    expect((await second).status).toBe(200)
    world.travel(20)
    expect((await ask()).status).toBe(200)
  })
})

describe('the absolute timer', () => {
  it('ASV-04 ends a session that is never idle, and neither activity nor refreshes move it', async () => {
    const world = await createWorld({
      applications: { benefits: { application: { absoluteSeconds: 3600 } } },
      emulator: { tokenSeconds: 1200, sessionSeconds: 86_400 },
    })
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    for (let minute = 5; minute < 60; minute += 5) {
      world.travel(300)
      expect((await browser.open(`${url}/private`)).status).toBe(200)
    }
    expect(world.emulator.requests.refresh).toBeGreaterThan(1)
    world.travel(299)
    expect((await browser.fetch(`${url}/private`)).status).toBe(200)
    world.travel(1)
    const response = await browser.fetch(`${url}/private`)
    expect(response.status).toBe(401)
    expect(await response.json()).toMatchObject({ reason: 'absolute-timeout' })
  })
})

describe('the arithmetic', () => {
  it('says at every moment which timer is over, and never that both are', () => {
    fc.assert(
      fc.property(fc.nat(1e6), fc.nat(1e6), fc.nat(1e6), fc.nat(3e6), (seen, idle, endsAt, now) => {
        const times = { lastSeenAt: seen, idleMilliseconds: idle, endsAt }
        const over = timerOver(times, now)
        expect(over === undefined).toBe(now < idleEndsAt(times))
        if (over === 'idle-timeout') expect(seen + idle).toBeLessThan(endsAt)
        if (over === 'absolute-timeout') expect(endsAt).toBeLessThanOrEqual(seen + idle)
      }),
    )
  })

  it('never leaves a touch unwritten for longer than a twentieth of the idle time, nor than ten seconds', () => {
    expect(touchInterval(600_000)).toBe(10_000)
    expect(touchInterval(20_000)).toBe(1_000)
  })
})
