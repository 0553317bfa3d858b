/** @module A known session that presents a token which is not known here: by its hint it is served at once. */
import { describe, expect, it } from 'vitest'
import { TestExchange } from '../support/exchange.js'
import { createWorld } from '../support/world.js'

async function setUp() {
  const world = await createWorld({
    emulator: { tokenSeconds: 7200, sessionSeconds: 86_400 },
    applications: { benefits: { identityProvider: { keys: { rememberedTokens: 100 } } } },
  })
  const { suite } = world.application('benefits')
  const cookie = await world.emulator.cookiesFor('ana')
  const ask = (text: string) => {
    const headers = { cookie: text, 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'navigate' }
    const exchange = new TestExchange(new Request('https://benefits.citizen.example/open', { headers }))
    return { exchange, citizen: suite.authenticate(exchange) }
  }
  const first = ask(cookie)
  const citizen = await first.citizen
  const hint = first.exchange.cookies.find(({ name }) => name.endsWith('.seen'))
  return { world, suite, cookie, ask, citizen, hint: `${hint?.name}=${hint?.value}` }
}

describe('a token of a known session', () => {
  it('HLD-24 is served at once where its hint names the session, though nothing of it is remembered', async () => {
    const { world, cookie, ask, citizen, hint } = await setUp()
    // So many others come that neither token nor hint is remembered whole.
    for (let count = 0; count < 130; count += 1) {
      const other = await world.emulator.cookiesFor('ben')
      const { exchange, citizen } = ask(other)
      expect(await citizen).toMatchObject({ state: 'active' })
      const [made] = exchange.cookies
      expect(await ask(`${other}; ${made?.name}=${made?.value}`).citizen).toMatchObject({ state: 'active' })
    }
    const again = ask(`${cookie}; ${hint}`)
    expect(again.citizen).not.toBeInstanceOf(Promise)
    expect(again.citizen).toMatchObject({
      state: 'active',
      session: { publicId: citizen.session?.publicId },
    })
    expect(again.exchange.cookies).toEqual([])
  })

  it("is not served by another person's hint, which ends that person's session", async () => {
    const { world, suite, cookie, ask, hint } = await setUp()
    const ben = await world.emulator.cookiesFor('ben')
    suite.purgeKeys()
    expect(await ask(`${ben}; ${hint}`).citizen).toMatchObject({
      state: 'anonymous',
      reason: 'identity-changed',
    })
    suite.purgeKeys()
    expect(await ask(`${cookie}; ${hint}`).citizen).toMatchObject({ state: 'anonymous' })
  })

  it('is not served once its session has ended', async () => {
    const { world, suite, cookie, ask, citizen, hint } = await setUp()
    suite.purgeKeys()
    if (citizen.state !== 'active') throw new Error('nobody is there')
    await suite.sessions.endAllOf({ issuer: world.emulator.url, subject: citizen.claims.sub })
    expect(await ask(`${cookie}; ${hint}`).citizen).toMatchObject({ state: 'anonymous' })
  })
})
