/** @module Tokens whose time is over while the provider cannot be reached: nobody is signed in, and nothing has ended. */
import { expect, it, vi } from 'vitest'
import { watchMilliseconds } from '../../src/sessions/ended-signal.js'
import { home } from '../attacks/oidc-place.js'
import { expectNoEnd, signedIn, tokenSeconds } from './provider-outage.js'

const expired = { state: 'anonymous', reason: 'token-expired' }

it('HLD-07 REF-2 an outage never ends a session, on whichever instance, and it goes on when the provider is back', async () => {
  await expectNoEnd()
})

it('HLD-07 REF-2 their own expiry decides while a wait runs that the provider asks for', async () => {
  const { place, fail, act, look, recover } = await signedIn()
  fail(() => new Response('', { status: 429, headers: { 'retry-after': '600' } }))
  place.travel(tokenSeconds - 1)
  expect(await act()).toMatchObject({ state: 'active', degraded: true })
  place.travel(1)
  expect(await act()).toMatchObject(expired)
  expect(await look(1)).toMatchObject(expired)
  recover()
  place.travel(600)
  expect(await act(1)).toMatchObject({ state: 'active', degraded: false })
})

it('HLD-07 REF-2 keepSeconds lets it live on by them for so long', async () => {
  const { place, fail, act } = await signedIn({ keepSeconds: 120 })
  fail()
  place.travel(tokenSeconds)
  expect(await act()).toMatchObject({ state: 'active', degraded: true })
  place.travel(119)
  expect(await act()).toMatchObject({ state: 'active', degraded: true })
  place.travel(1)
  expect(await act()).toMatchObject(expired)
})

it('HLD-07 nothing that has not been tried is over: who comes back after them is signed in', async () => {
  const { place, act, look, peek } = await signedIn()
  place.travel(tokenSeconds * 3)
  expect(await look()).toMatchObject({ state: 'active', degraded: false })
  expect(await peek(1)).toMatchObject({ state: 'active', degraded: false })
  expect(await act(1)).toMatchObject({ state: 'active', degraded: false })
})

it('HLD-07 all who ask while they are renewed at last get in, on both instances', async () => {
  const { place, fail, act, recover } = await signedIn()
  fail()
  place.travel(tokenSeconds)
  expect(await act()).toMatchObject(expired)
  recover()
  place.travel(60)
  let answer = (): void => undefined
  const held = new Promise<void>((resolve) => {
    answer = resolve
  })
  place.script.onToken = async () => {
    await held
    return undefined
  }
  const asked = [act(), act(), act()]
  await vi.waitFor(() => expect(place.grants.length).toBe(3))
  answer()
  for (const citizen of await Promise.all(asked)) expect(citizen).toMatchObject({ state: 'active' })
  expect(await act(1)).toMatchObject({ state: 'active', degraded: false })
  expect(place.grants.length).toBe(3)
})

it('HLD-07 a renewal by another instance counts for a request that has met the lease', async () => {
  const { place, fail, act, recover } = await signedIn()
  fail()
  place.travel(tokenSeconds)
  expect(await act()).toMatchObject(expired)
  recover()
  place.travel(60)
  place.script.onToken = async () => {
    place.script.onToken = () => undefined
    // The other instance finds the lease taken, and nothing that is new.
    expect(await act(1)).toMatchObject(expired)
    return undefined
  }
  expect(await act()).toMatchObject({ state: 'active', degraded: false })
  // It waits a second before it looks for a renewal again; what has been renewed needs none.
  expect(await act(1)).toMatchObject({ state: 'active', degraded: false })
})

it('HLD-07 what could not be renewed says nothing of newer tokens that expire no later', async () => {
  const { place, fail, act, look, peek, recover } = await signedIn()
  fail()
  place.travel(200)
  expect(await act()).toMatchObject({ state: 'active', degraded: true })
  recover()
  // The provider shortens their life towards the end of its own session.
  place.script.expiresIn = 20
  place.travel(70)
  expect(await act()).toMatchObject({ state: 'active', degraded: false })
  for (const instance of [0, 1]) {
    expect(await look(instance)).toMatchObject({ state: 'active', degraded: false })
    expect(await peek(instance)).toMatchObject({ state: 'active', degraded: false })
  }
})

it('HLD-05 HLD-07 what could not be renewed says nothing of newer tokens once a clock was put back', async () => {
  const { place, fail, act, look, recover } = await signedIn()
  place.travel(-3600)
  fail()
  expect(await act()).toMatchObject({ state: 'active', degraded: true })
  recover()
  place.travel(70)
  for (const visit of [act, look, () => act(1)]) {
    expect(await visit()).toMatchObject({ state: 'active', degraded: false })
  }
})

it('HLD-07 a sign-out ends it meanwhile, and its tokens do not come back', async () => {
  const { place, browser, fail, recover, act, ended } = await signedIn()
  fail()
  place.travel(tokenSeconds)
  expect(await act()).toMatchObject(expired)
  const cookie = await browser.cookieHeader(home)
  await browser.fetch(`${home}/session/logout`, { method: 'POST', from: home })
  expect(ended()).toMatchObject([{ reason: 'signed-out' }])
  recover()
  place.travel(70)
  expect(cookie).toContain('.sid=')
  expect(await act()).toMatchObject({ state: 'anonymous', reason: 'signed-out' })
})

it('HLD-07 open sockets learn that nobody is signed in by them any more', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  try {
    const { place, fail, act } = await signedIn()
    fail()
    place.travel(200)
    const citizen = await act()
    if (citizen.state !== 'active') throw new Error(citizen.state)
    const { ended } = citizen
    await vi.advanceTimersByTimeAsync(watchMilliseconds)
    expect(ended.aborted).toBe(false)
    place.travel(tokenSeconds - 200)
    await vi.advanceTimersByTimeAsync(watchMilliseconds)
    expect(ended.reason).toMatchObject({
      code: 'session-ended',
      message: 'the session has ended: token-expired',
    })
  } finally {
    vi.useRealTimers()
  }
})
