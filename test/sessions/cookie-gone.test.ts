/** @module The shared cookie is gone while a page or a socket is open: who can know it, and within what time. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type ActiveCitizen, createSuite, type Suite } from '../../src/index.js'
import { timerMilliseconds, watchMilliseconds } from '../../src/sessions/ended-signal.js'
import { ask, closePlaces, known, places, poll } from '../requests/near-place.js'
import type { Browser } from '../support/browser.js'
import { TestExchange } from '../support/exchange.js'
import { createWorld, optionsOf, shown, type World } from '../support/world.js'

const [benefits, library] = ['https://benefits.citizen.example', 'https://library.citizen.example']
const parts = ['c1_header', 'c1_payload', 'c1_signature']

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
})
afterEach(async () => {
  await closePlaces()
  vi.useRealTimers()
})

/** Moves the clock and the timers, by steps: whoever looks at the clock looks at each. */
async function pass(world: World, milliseconds: number): Promise<void> {
  for (let left = milliseconds; left > 0; left -= 1000) {
    world.travel(Math.min(left, 1000) / 1000)
    await vi.advanceTimersByTimeAsync(Math.min(left, 1000))
  }
}

/** A socket as it is opened: by the cookies that the browser has then, and none later. */
async function openSocket(suite: Suite, browser: Browser): Promise<ActiveCitizen> {
  const headers = { cookie: await browser.cookieHeader(benefits), upgrade: 'websocket' }
  const citizen = await suite.peek(new TestExchange(new Request(`${benefits}/socket`, { headers })))
  if (citizen.state !== 'active') throw new Error(`nobody: ${citizen.reason}`)
  return citizen
}

const reasonOf = ({ ended }: ActiveCitizen) =>
  ended.aborted ? (ended.reason as Error).message.replace('the session has ended: ', '') : 'open'
const askStatus = (browser: Browser) =>
  shown(browser.fetch(`${benefits}/session/status`, { headers: { 'citizen-activity': 'none' } }))

/** Two instances of an application with sockets, and a sibling on a store of its own. */
async function signedIn(sensitivity: 'basic' | 'public' = 'basic') {
  const world = await createWorld({
    applications: { benefits: { application: { sensitivity } }, library: { application: { sensitivity } } },
    ownStores: ['library'],
    emulator: { tokenSeconds: 1800, idleSeconds: 86_400, sessionSeconds: 86_400 },
  })
  const { suite } = world.application('benefits')
  const given = { application: { sensitivity } } as const
  const twin = createSuite(
    optionsOf('benefits', { emulator: world.emulator, clock: world.now, store: world.store }, given),
    {},
  )
  const browser = world.browser()
  await world.signIn(browser, 'benefits')
  await browser.open(`${library}/private`)
  const sockets = [await openSocket(suite, browser), await openSocket(twin, browser)] as const
  for (const socket of sockets) expect(socket.ended.aborted).toBe(false)
  return { world, suite, browser, sockets }
}

describe('a sibling on another store signs the person out', () => {
  const signedOut = async (sensitivity?: 'public') => {
    const place = await signedIn(sensitivity)
    await place.browser.post(`${library}/session/logout`)
    expect(await place.browser.cookieNames(benefits)).not.toEqual(expect.arrayContaining(parts))
    return place
  }

  it('a page that is open tells it with its next question: here at once, on another instance within 5 s', async () => {
    const { world, browser, sockets } = await signedOut()
    const [here, there] = sockets
    // Nobody has said anything to this application: a socket has the cookie of its handshake only.
    await pass(world, 60_000)
    expect(sockets.map(reasonOf)).toEqual(['open', 'open'])
    // The client asks as soon as it sees that the readable cookie is gone.
    expect(await askStatus(browser)).toMatchObject({ state: 'anonymous', reason: 'signed-out' })
    expect(reasonOf(here)).toBe('signed-out')
    await pass(world, watchMilliseconds)
    expect(reasonOf(there)).toBe('signed-out')
  })

  it('so does whatever else the page fetches, and the event stream that connects again', async () => {
    for (const accept of ['application/json', 'text/event-stream']) {
      const { browser, sockets } = await signedOut()
      await browser.fetch(`${benefits}/open`, { headers: { accept } })
      expect(reasonOf(sockets[0])).toBe('signed-out')
    }
  })

  it('without any page it is over with the token of the handshake, not with the idle time', async () => {
    const { world, sockets } = await signedOut('public')
    await pass(world, (1800 + 29) * 1000)
    expect(sockets.map(reasonOf)).toEqual(['open', 'open'])
    await pass(world, 1000 + timerMilliseconds)
    expect(sockets.map(reasonOf)).toEqual(['token-expired', 'token-expired'])
  })
})

describe('the browser has another token by now', () => {
  const replace = async (browser: Browser, cookies: string) => {
    for (const pair of cookies.split('; ')) {
      await browser.jar.setCookie(`${pair}; Domain=citizen.example; Path=/; Secure`, benefits)
    }
  }

  it('of another person: the next question tells it, although it is no activity', async () => {
    const { world, browser, sockets } = await signedIn()
    await replace(browser, await world.emulator.cookiesFor('dan'))
    expect(await askStatus(browser)).toMatchObject({ state: 'anonymous', reason: 'identity-changed' })
    expect(reasonOf(sockets[0])).toBe('identity-changed')
    await pass(world, watchMilliseconds)
    expect(reasonOf(sockets[1])).toBe('identity-changed')
    // A poll begins no session for the new one.
    expect(await askStatus(browser)).toMatchObject({ state: 'anonymous', reason: 'not-started' })
  })

  it('of another person, told by a page of a sibling: nothing happens', async () => {
    const { world, browser, sockets } = await signedIn()
    await replace(browser, await world.emulator.cookiesFor('dan'))
    await browser.fetch(`${benefits}/session/status`, { from: library })
    await browser.fetch(`${benefits}/session/status`, { headers: { 'sec-purpose': 'prefetch' } })
    expect(sockets.map(reasonOf)).toEqual(['open', 'open'])
  })

  it('a renewed one of the same session: a socket that connects again goes on by it', async () => {
    const { world, browser, suite, sockets } = await signedIn('public')
    world.travel(1700)
    // The sibling renews it, and this application is told nothing.
    await browser.open(`${library}/private`)
    await pass(world, 140_000)
    expect(sockets.map(reasonOf)).toEqual(['token-expired', 'token-expired'])
    const again = await openSocket(suite, browser)
    expect(again.ended.aborted).toBe(false)
    await pass(world, 1500_000)
    expect(reasonOf(again)).toBe('open')
  })
})

it('HLD-20 where announcements flow, the other instance is told at once', async () => {
  const { place, cookie, one, other } = await known(places['the shared cookie'])
  place.travel(11)
  const [hint] = (await ask(place, one, cookie)).set
  if (hint === undefined) throw new Error('no hint was given')
  const seen = `${hint.name}=${hint.value}`
  const { citizen } = await ask(place, other, `${cookie}; ${seen}`)
  if (citizen.state !== 'active') throw new Error(citizen.state)
  expect(citizen.ended.aborted).toBe(false)
  const told = await ask(place, one, seen, { ...poll, 'sec-fetch-site': 'same-origin' })
  for (let turn = 0; turn < 20 && !citizen.ended.aborted; turn += 1) await new Promise(setImmediate)
  expect(told.citizen.reason).toBe('signed-out')
  // No timer was moved.
  expect(reasonOf(citizen)).toBe('signed-out')
})
