/** @module `scope: application`: its receipt says what the store has confirmed, and no more. */
import { describe, expect, it } from 'vitest'
import { memoryStore, type Receipt, type Store } from '../../src/index.js'
import { base, createWorld } from '../support/world.js'
import { alone, createCopiesPlace } from './copies-place.js'

/** A store whose replicas are there, and answer as the test says. */
function replicated(confirm: { isConfirmed: boolean }): (clock: () => number) => Store {
  return (clock) => {
    const store = memoryStore({ clock })
    const end: Store['end'] = async (address, expected, ended) => {
      const outcome = await store.end(address, expected, ended)
      return { ...outcome, acknowledged: confirm.isConfirmed }
    }
    return { ...store, end }
  }
}

/** Both ways to hold a session, each with a sign-out of this application only. */
const ways = {
  'the shared cookie': async (store: (clock: () => number) => Store) => {
    const world = await createWorld({ store })
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    const home = `https://benefits.${base}`
    const cookie = await browser.cookieHeader(home)
    return { home, cookie, handle: world.application('benefits').handle }
  },
  'OpenID Connect': async (store: (clock: () => number) => Store) => {
    const place = await createCopiesPlace({ store })
    const { cookie } = await place.signIn(alone)
    return { home: `https://${alone}.example`, cookie, handle: place.world.party(alone).handle }
  },
} as const

describe.each(Object.entries(ways))('HLD-13 a sign-out here only, by %s', (_way, begin) => {
  const signedIn = async (confirm: { isConfirmed: boolean }) => {
    const { home, cookie, handle } = await begin(replicated(confirm))
    const post = async (): Promise<Receipt & { readonly status: number }> => {
      const headers = {
        cookie,
        accept: 'application/json',
        'sec-fetch-site': 'same-origin',
        'content-type': 'application/x-www-form-urlencoded',
      }
      const request = new Request(`${home}/session/logout`, {
        method: 'POST',
        headers,
        body: 'scope=application',
      })
      const answer = await handle(request)
      return { ...((await answer.json()) as Receipt), status: answer.status }
    }
    const state = async () => {
      const answer = await handle(new Request(`${home}/open`, { headers: { cookie } }))
      return ((await answer.json()) as { state: string }).state
    }
    return { post, state }
  }

  it('HLD-13 is unknown without a replica’s word, and a second try confirms it', async () => {
    const confirm = { isConfirmed: false }
    const { post, state } = await signedIn(confirm)
    expect(await state()).toBe('active')
    const receipt = await post()
    expect([receipt.status, receipt.outcome]).toEqual([503, 'failed'])
    expect(receipt.legs[0]).toMatchObject({ leg: 'sessions', state: 'unknown', reason: 'not-replicated' })
    expect(await state()).toBe('anonymous')
    expect((await post()).legs[0]).toMatchObject({ state: 'unknown', reason: 'not-replicated' })
    confirm.isConfirmed = true
    expect((await post()).legs[0]).toMatchObject({ leg: 'sessions', state: 'done' })
  })

  it('HLD-13 is done with it, and leaves the rest as it was', async () => {
    const { post, state } = await signedIn({ isConfirmed: true })
    const { outcome, legs } = await post()
    expect(outcome).toBe('application')
    expect(legs).toEqual([
      expect.objectContaining({ leg: 'sessions', state: 'done' }),
      expect.objectContaining({ leg: 'cookies', state: 'skipped', reason: 'only-here' }),
      expect.objectContaining({ leg: 'identity', state: 'skipped', reason: 'only-here' }),
    ])
    expect(await state()).toBe('anonymous')
  })
})
