import { describe, expect, it } from 'vitest'
import { memoryStore, type Receipt, StoreUnavailableError } from '../../src/index.js'
import type { Browser } from '../support/browser.js'
import { issuer, scriptedProtocol } from '../support/scripted-protocol.js'
import { base, createWorld, shown, type World } from '../support/world.js'

const benefits = `https://benefits.${base}`
const hour = 3_600
const day = 24 * hour

describe('HLD-12 a logout that is not known to have reached the provider', () => {
  async function scriptedWorld() {
    const scripted = scriptedProtocol()
    const world = await createWorld({ applications: { benefits: { protocols: [scripted.protocol] } } })
    const suite = world.application('benefits')
    const browser = world.browser()
    const signIn = async () => {
      const begun = await browser.fetch(`${benefits}/session/login?via=scripted`, {
        headers: { 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'none', 'sec-fetch-dest': 'document' },
      })
      const location = new URL(begun.headers.get('location') ?? '')
      const state = location.searchParams.get('state') ?? ''
      const back = await browser.fetch(`${benefits}/session/scripted/callback?state=${state}`)
      return { asked: location.searchParams.get('prompt'), status: back.status }
    }
    return { world, scripted, suite, browser, signIn }
  }

  const signOut = (browser: Browser) => browser.fetch(`${benefits}/session/logout`, { method: 'POST' })

  it.each([
    ['the browser never came back', {}],
    [
      'the provider was out of reach',
      { visit: undefined, identity: { state: 'unknown', reason: 'provider-unavailable' } },
    ],
    [
      'the provider has no such endpoint',
      { visit: undefined, identity: { state: 'skipped', reason: 'no-endpoint' } },
    ],
  ] as const)('HLD-12 makes the next login ask anew a day later: %s', async (_why, parting) => {
    const { world, scripted, browser, signIn } = await scriptedWorld()
    expect((await signIn()).asked).toBe(null)
    scripted.script.parting = parting
    await signOut(browser)
    world.travel(20 * hour)
    expect((await signIn()).asked).toBe('login')
    // Whoever has authenticated anew is not asked again.
    expect((await shown(browser.fetch(`${benefits}/open`))).state).toBe('active')
    scripted.script.parting = { visit: undefined, identity: { state: 'done' } }
    await signOut(browser)
    expect((await signIn()).asked).toBe(null)
  })

  it('HLD-05 HLD-12 asks anew once only, also where the clock was put back since', async () => {
    const { world, scripted, browser, signIn } = await scriptedWorld()
    await signIn()
    await signOut(browser)
    world.travel(-2 * hour)
    expect((await signIn()).asked).toBe('login')
    scripted.script.parting = { visit: undefined, identity: { state: 'done' } }
    await signOut(browser)
    expect((await signIn()).asked).toBe(null)
  })

  it('HLD-12 is over once the browser is back, and does not outlive what it is about', async () => {
    const { world, scripted, browser, signIn } = await scriptedWorld()
    await signIn()
    await signOut(browser)
    const state = scripted.parted[0]?.state ?? ''
    expect((await browser.open(`${benefits}/session/return?state=${state}`)).status).toBe(200)
    expect((await signIn()).asked).toBe(null)
    await signOut(browser)
    world.travel(2 * day)
    expect((await signIn()).asked).toBe(null)
  })

  it('HLD-12 the button "Finish signing out" visits the provider that was not reached', async () => {
    const { scripted, browser, signIn } = await scriptedWorld()
    await signIn()
    scripted.script.parting = {
      visit: undefined,
      identity: { state: 'unknown', reason: 'provider-unavailable' },
    }
    const stateAt = async () => {
      const { legs } = (await (await signOut(browser)).json()) as Receipt
      return legs.find(({ target }) => target === issuer)?.state
    }
    expect(await stateAt()).toBe('unknown')
    expect(await stateAt()).toBe('unknown')
    scripted.script.parting = { visit: undefined, identity: { state: 'done' } }
    expect(await stateAt()).toBe('done')
    expect(scripted.parted).toHaveLength(3)
    expect(await stateAt()).toBeUndefined()
  })

  it('HLD-12 what a plug-in needs for another attempt is there again, sealed, and no more of it than a cookie holds', async () => {
    const { scripted, browser, signIn } = await scriptedWorld()
    for (const [retry, expected] of [
      ['a short name', 'a short name'],
      ['x'.repeat(1_201), undefined],
    ] as const) {
      await signIn()
      scripted.script.parting = { visit: undefined, identity: { state: 'unknown' }, retry }
      await signOut(browser)
      expect(await browser.cookieHeader(benefits)).not.toContain(retry)
      await signOut(browser)
      expect(scripted.parted.at(-1)?.tokens).toBe(expected)
    }
  })

  it('HLD-12 a session that could not be ended is ended by the next sign-out, however late', async () => {
    const scripted = scriptedProtocol()
    let isDown = false
    const world = await createWorld({
      emulator: { tokenSeconds: day, idleSeconds: day, sessionSeconds: day },
      applications: {
        benefits: {
          protocols: [scripted.protocol],
          application: { sensitivity: 'public', absoluteSeconds: 2 * day },
        },
      },
      store: (clock) =>
        new Proxy(memoryStore({ clock }), {
          get(target, name) {
            const member: unknown = Reflect.get(target, name)
            if (typeof member !== 'function') return member
            return (...given: unknown[]) => {
              if (isDown) throw new StoreUnavailableError('cut off')
              return member.apply(target, given) as unknown
            }
          },
        }),
    })
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    const cookie = await browser.cookieHeader(benefits)
    isDown = true
    expect((await signOut(browser)).status).toBe(503)
    isDown = false
    world.travel(hour)
    expect((await ask(world, cookie)).state).toBe('active')
    expect((await signOut(browser)).status).toBe(200)
    expect((await ask(world, cookie)).reason).toBe('signed-out')
  })
})

const ask = (world: World, cookie: string) =>
  shown(world.application('benefits').handle(new Request(`${benefits}/open`, { headers: { cookie } })))
