/** @module The next sign-in after the provider's own logout message, on whichever store. */
import { describe, expect, it } from 'vitest'
import { memoryStore } from '../../src/index.js'
import { personOf, sessionOf } from '../../src/sessions/record.js'
import { createPlace, home, type Place, type PlaceOptions } from '../attacks/oidc-place.js'
import type { Browser } from '../support/browser.js'
import { TestExchange } from '../support/exchange.js'
import { issuer } from './signer.js'

const login = `${home}/session/login?returnTo=/private`

/** Describes it for a store; `undefined`: the memory store. */
export function describeAfterProviderLogout(name: string, store?: NonNullable<PlaceOptions['store']>): void {
  /** Somebody whose session the provider has ended by a message that names it so. */
  const ended = async (
    claims: (place: Place) => Record<string, unknown> = () => ({ sid: 'one' }),
    given: PlaceOptions = {},
  ) => {
    const place = createPlace({ store, ...given })
    place.script.sid = 'one'
    const browser = place.browser()
    await browser.open(login)
    expect(await place.state(browser)).toMatchObject({ state: 'active' })
    place.travel(600)
    expect((await place.backchannel(claims(place))).status).toBe(200)
    return { place, browser }
  }
  /** The one press of the page that says so. */
  const press = async (place: Place, browser: Browser) => {
    const before = place.asked.length
    const page = await browser.open(login)
    expect([page.status, place.asked.length]).toEqual([200, before])
    const last = await browser.press(page, 'Sign in')
    return { last, prompts: place.asked.slice(before).map((asked) => asked.get('prompt')) }
  }
  const seconds = (place: Place) => place.now() / 1000

  describe(`after the provider’s own logout message: ${name}`, () => {
    it('says so, by a cause of its own', async () => {
      const { place, browser } = await ended()
      expect(await place.state(browser)).toMatchObject({ state: 'anonymous', reason: 'identity-ended' })
    })

    it.each([
      ['a message of the session', () => ({ sid: 'one' })],
      ['a message of the session and its person', () => ({ sid: 'one', sub: 'ana' })],
      ['a message of the person', () => ({ sub: 'ana' })],
    ] as const)('asks without force, and takes an authentication that is later: %s', async (_, claims) => {
      const { place, browser } = await ended(claims)
      place.travel(20)
      // Typed at the provider for another application, and not asked for once more here.
      place.script.authTime = seconds(place) - 10
      place.script.sid = 'two'
      const { last, prompts } = await press(place, browser)
      expect(prompts).toEqual([null])
      expect([last.status, last.url]).toEqual([200, `${home}/private`])
      expect(await place.state(browser)).toMatchObject({ state: 'active' })
    })

    it('takes it from a provider that names its next session as the one before', async () => {
      const { place, browser } = await ended()
      place.travel(20)
      place.script.authTime = seconds(place) - 10
      const { prompts } = await press(place, browser)
      expect(prompts).toEqual([null])
      expect(await place.state(browser)).toMatchObject({ state: 'active' })
    })

    it.each([
      ['by the same name', 'one'],
      ['by another name', 'two'],
      ['by no name', undefined],
    ] as const)('forces once, in the same press, where an older one comes: %s', async (_, sid) => {
      const { place, browser } = await ended()
      place.travel(20)
      place.script.sid = sid
      const before = place.asked.length
      place.script.onAuthorize = () => {
        if (place.asked.at(-1)?.get('prompt') === 'login') place.script.authTime = seconds(place)
      }
      const { last, prompts } = await press(place, browser)
      expect(prompts).toEqual([null, 'login'])
      expect([last.status, place.asked.length - before]).toEqual([200, 2])
      expect(await place.state(browser)).toMatchObject({ state: 'active' })
    })

    it.each([
      ['older', -700],
      ['as old as the end', -60],
      ['not stated', undefined],
    ] as const)('lets nobody in, and goes in no circle, where even then it is %s', async (_, ago) => {
      const { place, browser } = await ended()
      place.travel(60)
      place.script.authTime = ago === undefined ? undefined : seconds(place) + ago
      place.script.sid = 'two'
      const { last, prompts } = await press(place, browser)
      expect(prompts).toEqual([null, 'login'])
      expect(last.status).toBe(401)
      expect(await place.state(browser)).toMatchObject({ state: 'anonymous' })
    })

    it.each([
      ['ahead', 20],
      ['behind', -20],
    ] as const)('HLD-09 takes no older one where the provider’s clock is %s', async (_, skew) => {
      const { place, browser } = await ended()
      place.travel(5)
      // Five seconds before the end, by a clock that is not ours.
      place.script.claims = { iat: seconds(place) + skew }
      place.script.authTime = seconds(place) - 10 + skew
      place.script.sid = 'two'
      expect((await press(place, browser)).prompts).toEqual([null, 'login'])
    })

    it.each([
      ['ahead', 20],
      ['behind', -20],
    ] as const)('HLD-09 takes a later one where the provider’s clock is %s', async (_, skew) => {
      const { place, browser } = await ended()
      place.travel(20)
      place.script.claims = { iat: seconds(place) + skew }
      place.script.authTime = seconds(place) - 15 + skew
      place.script.sid = 'two'
      expect((await press(place, browser)).prompts).toEqual([null])
      expect(await place.state(browser)).toMatchObject({ state: 'active' })
    })

    it.each([
      ['that session', (place: Place, publicId: string) => place.suite.sessions.end(ana(publicId))],
      ['everything of the person', (place: Place) => place.suite.sessions.endAllOf(ana(''))],
    ] as const)('forces as ever once an administrator has ended %s too', async (_, end) => {
      const place = createPlace({ store })
      place.script.sid = 'one'
      const browser = place.browser()
      await browser.open(login)
      const [session] = await place.suite.sessions.list(ana(''))
      place.travel(60)
      await place.backchannel({ sid: 'one' })
      place.travel(1)
      await end(place, session?.publicId ?? '')
      expect(await place.state(browser)).toMatchObject({ reason: 'revoked' })
      place.travel(20)
      place.script.authTime = seconds(place) - 10
      place.script.sid = 'two'
      const { prompts, last } = await press(place, browser)
      expect([prompts, last.status]).toEqual([['login'], 200])
    })

    it.each([
      ['that session, after it', 'session', 1],
      ['the person, after it', 'person', 1],
      ['the person, before it', 'person', -1],
    ] as const)(
      'forces as ever once an administrator has ended %s, by an application with a store of its own',
      async (_, kind, order) => {
        let clock = () => 0
        const revocations = memoryStore({ clock: () => clock() })
        const place = createPlace({ store, suite: { revocations } })
        clock = place.now
        place.script.sid = 'one'
        const browser = place.browser()
        await browser.open(login)
        place.travel(600)
        const byAdministrator = async () => {
          const scope = kind === 'person' ? { kind } : { kind, session: sessionOf(issuer, 'one') }
          const at = place.now()
          const retainUntil = at + 86_400_000
          await revocations.revoke(personOf(issuer, 'ana'), scope, { reason: 'revoked', at, retainUntil })
        }
        const ends = [() => place.backchannel({ sid: 'one' }), byAdministrator]
        for (const end of order > 0 ? ends : ends.toReversed()) {
          await end()
          place.travel(1)
        }
        expect(await place.state(browser)).toMatchObject({ reason: 'revoked' })
        place.travel(20)
        place.script.authTime = seconds(place) - 10
        place.script.sid = 'two'
        expect((await press(place, browser)).prompts).toEqual(['login'])
      },
    )

    it('HLD-09 takes none that is later only by a clock that the provider has put back since', async () => {
      const { place, browser } = await ended()
      place.travel(5)
      place.script.claims = { iat: seconds(place) - 25 }
      place.script.authTime = seconds(place) - 10
      place.script.sid = 'two'
      expect((await press(place, browser)).prompts).toEqual([null, 'login'])
    })

    it('takes no older one where the provider issues its token at the login page, and the browser keeps the answer back', async () => {
      const { place, browser } = await ended()
      place.travel(10)
      place.script.authTime = seconds(place) - 55
      place.script.sid = 'two'
      place.script.onAuthorize = () => {
        place.script.claims = { iat: seconds(place) }
        place.travel(120)
      }
      expect((await press(place, browser)).prompts).toEqual([null, 'login'])
    })

    it('ends what an application has bound to the session, as its express-session', async () => {
      const place = createPlace({ store })
      place.script.sid = 'one'
      const browser = place.browser()
      await browser.open(login)
      const headers = { cookie: await browser.cookieHeader(home) }
      const citizen = await place.suite.authenticate(
        new TestExchange(new Request(`${home}/private`, { headers })),
      )
      expect(await place.suite.bind(citizen, 'their own session')).toBe(true)
      const told: unknown[] = []
      place.suite.onSessionEnded(({ boundSession, reason }) => told.push([boundSession, reason]))
      await place.backchannel({ sid: 'one' })
      expect(told).toEqual([['their own session', 'identity-ended']])
    })

    it('FLD-12 forces as ever after a message that 0.1.0 has taken: it wrote `revoked`', async () => {
      const place = createPlace({ store })
      place.script.sid = 'one'
      const browser = place.browser()
      await browser.open(login)
      place.travel(600)
      const scope = { kind: 'session', session: sessionOf(issuer, 'one') } as const
      const at = place.now()
      await place.store.revoke(personOf(issuer, 'ana'), scope, {
        reason: 'revoked',
        at,
        retainUntil: at + 86_400_000,
      })
      place.travel(20)
      place.script.authTime = seconds(place) - 10
      place.script.sid = 'two'
      expect((await press(place, browser)).prompts).toEqual(['login'])
    })

    it('keeps a login that was under way out, unless it is later', async () => {
      const place = createPlace({ store })
      place.script.sid = 'one'
      const browser = place.browser()
      await browser.open(login)
      place.travel(600)
      const second = place.browser()
      place.script.onToken = async () => {
        place.travel(5)
        await place.backchannel({ sid: 'one' })
        return undefined
      }
      await second.open(login)
      expect(await place.state(second)).toMatchObject({ state: 'anonymous' })
    })

    it('takes `asked` where that is allowed, as nobody has ended it but the provider', async () => {
      const place = createPlace({
        store,
        oidc: { reauthenticate: { proof: 'asked', parameters: { prompt: 'select_account' } } },
      })
      place.script.sid = 'one'
      place.script.authTime = undefined
      const browser = place.browser()
      await browser.open(login)
      place.travel(600)
      await place.backchannel({ sid: 'one' })
      place.travel(20)
      place.script.sid = 'two'
      const { prompts, last } = await press(place, browser)
      expect(prompts).toEqual([null, 'select_account'])
      expect(last.status).toBe(200)
    })
  })
}

const ana = (publicId: string) => ({ issuer, subject: 'ana', publicId })
