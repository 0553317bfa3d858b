/** @module A provider that is out of reach for longer than tokens live, seen from two instances of one application. */
import { expect } from 'vitest'
import type { Store } from '../../src/index.js'
import { createPlace, home } from '../attacks/oidc-place.js'
import { TestExchange } from '../support/exchange.js'

/** How long the tokens live. */
export const tokenSeconds = 300

/** Somebody who is signed in by tokens that live for minutes, at an application whose sessions live for an hour. */
export async function signedIn(
  given: { readonly keepSeconds?: number; store?: (clock: () => number) => Store } = {},
) {
  const place = createPlace({
    suite: { application: { sensitivity: 'basic' } },
    oidc: { refresh: { waitMilliseconds: 5000, keepSeconds: given.keepSeconds } },
    store: (plain) => given.store?.(() => place.now()) ?? plain,
  })
  place.script.expiresIn = tokenSeconds
  const browser = place.browser()
  await browser.open(`${home}/session/login?returnTo=/private`)
  const cookie = await browser.cookieHeader(home)
  const instances = [place.suite, place.twin()] as const
  const exchange = (dest = 'empty') =>
    new TestExchange(
      new Request(`${home}/private`, {
        headers: { cookie, 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': dest },
      }),
    )
  return {
    place,
    browser,
    instances,
    /** An outage, until it is over. */
    fail(answer: () => Response = () => new Response('', { status: 503 })) {
      place.script.onToken = answer
    },
    recover() {
      place.script.onToken = () => undefined
    },
    /** What a request gets that a person's act caused. */
    act: async (instance: number = 0) => (instances[instance] ?? place.suite).authenticate(exchange()),
    /** What a request gets that counts as no activity. */
    look: async (instance: number = 0) =>
      (instances[instance] ?? place.suite).authenticate(exchange('image')),
    peek: async (instance: number = 0) => (instances[instance] ?? place.suite).peek(exchange()),
    ended: () => place.events.filter(({ type }) => type === 'session.ended'),
  }
}

/** An outage that outlasts the tokens signs nobody in, and ends nothing. `passLeases`: for a store with a clock of its own. */
export async function expectNoEnd(
  store?: (clock: () => number) => Store,
  passLeases: () => Promise<void> = async () => undefined,
): Promise<void> {
  const { place, browser, fail, recover, act, look, peek, ended, instances } = await signedIn({ store })
  const expired = { state: 'anonymous', reason: 'token-expired' }
  const goesOn = { state: 'active', degraded: false }
  fail()
  place.travel(200)
  expect(await act()).toMatchObject({ state: 'active', degraded: true })
  for (const instance of [0, 1]) {
    expect(await look(instance)).toMatchObject({ state: 'active', degraded: true })
    expect(await peek(instance)).toMatchObject({ state: 'active', degraded: true })
  }
  place.travel(99)
  expect(await act(1)).toMatchObject({ state: 'active', degraded: true })
  place.travel(1)
  for (const instance of [0, 1]) {
    expect(await look(instance)).toMatchObject(expired)
    expect(await peek(instance)).toMatchObject(expired)
    expect(await act(instance)).toMatchObject(expired)
    place.script.instance = () => instances[instance]
    expect(await (await browser.fetch(`${home}/session/status`)).json()).toMatchObject(expired)
    const extended = await browser.fetch(`${home}/session/extend`, { method: 'POST', from: home })
    expect(await extended.json()).toMatchObject(expired)
  }
  for (let minutes = 0; minutes < 10; minutes += 1) {
    place.travel(70)
    expect(await act(minutes % 2)).toMatchObject(expired)
  }
  expect(ended()).toEqual([])
  recover()
  await passLeases()
  place.travel(70)
  expect(await look(1)).toMatchObject(expired)
  expect(await act(1)).toMatchObject(goesOn)
  expect(await look()).toMatchObject(goesOn)
  expect(await peek()).toMatchObject(goesOn)
  fail(() => Response.json({ error: 'invalid_grant' }, { status: 400 }))
  place.travel(200)
  await act(1)
  await passLeases()
  place.travel(61)
  await act(1)
  for (const instance of [0, 1]) {
    expect(await act(instance)).toMatchObject({ state: 'anonymous', reason: 'identity-ended' })
  }
}
