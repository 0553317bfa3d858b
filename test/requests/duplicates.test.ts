import { describe, expect, it } from 'vitest'
import { createWorld, shown, type World } from '../support/world.js'

const url = 'https://benefits.citizen.example'
const partNames = ['c1_header', 'c1_payload', 'c1_signature']

const ask = (world: World, cookie: string, headers: Record<string, string> = {}, path = '/open') =>
  world.application('benefits').handle(new Request(`${url}${path}`, { headers: { cookie, ...headers } }))
const duplicates = (world: World) =>
  world.application('benefits').events.filter(({ type }) => type === 'duplicate-cookie')
const inBothOrders = (one: string, other: string): readonly string[] => [
  `${one}; ${other}`,
  `${other}; ${one}`,
]
const navigation = {
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  'sec-fetch-site': 'none',
  accept: 'text/html',
}

describe('CK-07 a shared cookie that comes twice', () => {
  it.each([
    ['of two persons', 'ben'],
    ['of two sessions of one person', 'ana'],
  ])('%s: neither counts, whichever comes first, and it is reported', async (_name, other) => {
    const world = await createWorld()
    const own = await world.emulator.cookiesFor('ana')
    expect(await shown(ask(world, own, navigation))).toMatchObject({ state: 'active' })
    const planted = await world.emulator.cookiesFor(other)
    for (const cookie of inBothOrders(own, planted)) {
      expect(await shown(ask(world, cookie))).toMatchObject({
        state: 'anonymous',
        reason: 'ambiguous-cookie',
      })
      const page = await ask(world, cookie, navigation, '/private')
      expect([page.status, page.headers.get('location')]).toEqual([401, null])
      // HLD-11: twins are deleted, as the provider never sets them; what it sets stays.
      for (const line of page.headers.getSetCookie()) {
        expect(line).toMatch(/^c1_\w+=; .*Max-Age=0/)
        expect(line).not.toMatch(/Domain=citizen\.example; Path=\/;/)
      }
    }
    expect(duplicates(world)).toHaveLength(4)
    for (const event of duplicates(world)) {
      expect(event).toMatchObject({ names: partNames, outcome: 'ambiguous' })
    }
    expect(await shown(ask(world, own))).toMatchObject({ state: 'active' })
  })

  it('parts of two tokens: no mixture of them is taken for a token', async () => {
    const world = await createWorld()
    const [own = [], planted = []] = [
      (await world.emulator.cookiesFor('ana')).split('; '),
      (await world.emulator.cookiesFor('ben')).split('; '),
    ]
    for (const index of [0, 1, 2]) {
      const mixed = own.with(index, planted[index] ?? '').join('; ')
      // A header may be the same for both: then nothing was mixed.
      if (mixed === own.join('; ')) continue
      expect(await shown(ask(world, mixed))).toMatchObject({ reason: 'invalid-token' })
    }
  })

  it.each([
    ['rubbish', 'c1_payload=eyJ4IjoxfQ'],
    ['an empty value', 'c1_payload='],
    ['a forged token', 'c1_header=eyJhbGciOiJub25lIn0; c1_payload=eyJzdWIiOiJ4In0; c1_signature=x'],
  ])('one of which is %s: the good one counts, whichever comes first', async (_name, planted) => {
    const world = await createWorld()
    const own = await world.emulator.cookiesFor('ana')
    for (const cookie of inBothOrders(own, planted)) {
      expect(await shown(ask(world, cookie, navigation))).toMatchObject({ state: 'active' })
    }
    expect(duplicates(world)[0]).toMatchObject({ outcome: 'agreed' })
  })

  it('as two tokens of one session: the newest counts, and nothing is deleted', async () => {
    const world = await createWorld()
    const old = await world.emulator.cookiesFor('ana')
    await ask(world, old, navigation)
    const session = world.emulator.sessions[0]?.jti
    world.travel(100)
    const fresh = world.emulator.cookieHeader(await world.emulator.tokenFor('ana', { session }))
    world.travel(1750)
    // The old token is over by now, the newer one is not.
    expect(await shown(ask(world, old))).toMatchObject({ reason: 'token-expired' })
    for (const cookie of inBothOrders(old, fresh)) {
      const answer = await ask(world, cookie)
      expect((await shown(answer.clone())).reason).not.toBe('token-expired')
      expect(answer.headers.getSetCookie().filter((line) => /=; .*Max-Age=0/.test(line))).toEqual([])
    }
  })

  const did = { isMfa: true, isDidAuth: true }
  const password = { isMfa: false, isDidAuth: false }

  it.each([
    ['a fall, by a token that expires sooner', did, 900, 2, password, 300, 'password'],
    ['a rise, by a token that expires sooner', password, 900, 2, did, 300, 'did'],
    ['a rise of the same second, by its later expiry', password, 300, 0, did, 900, 'did'],
    ['the less of two that nothing tells apart', did, 900, 0, password, 900, 'password'],
  ] as const)(
    'as two tokens of one session: by the time of issue, whichever comes first: %s',
    async (_name, before, lifeBefore, seconds, after, life, method) => {
      for (const isReversed of [false, true]) {
        // Neither has been seen before: nothing but the two can say which is the newer one.
        const world = await createWorld()
        const { emulator } = world
        const token = async (claims: object, lifeSeconds: number) => {
          const iat = Math.floor(world.now() / 1000)
          const common = { iss: emulator.issuer, sub: 'ana', jti: 'one', mfaRequired: false }
          const signed = await emulator.signToken({ ...common, ...claims, iat, exp: iat + lifeSeconds })
          return emulator.cookieHeader(signed)
        }
        const old = await token(before, lifeBefore)
        world.travel(seconds)
        const both = [old, await token(after, life)]
        const cookie = (isReversed ? both.toReversed() : both).join('; ')
        expect(await shown(ask(world, cookie, navigation))).toMatchObject({ assurance: { method } })
      }
    },
  )

  it('in more variants than are worth trying: refused at once', async () => {
    const world = await createWorld()
    const many = await Promise.all(Array.from({ length: 3 }, () => world.emulator.cookiesFor('ana')))
    expect(await shown(ask(world, many.join('; ')))).toMatchObject({ reason: 'ambiguous-cookie' })
  })

  it("is mended by the page's button: every variant is deleted, and a new sign-in follows", async () => {
    const world = await createWorld()
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    for (const pair of (await world.emulator.cookiesFor('ben')).split('; ')) {
      await browser.jar.setCookie(
        `${pair}; Path=/session; Domain=benefits.citizen.example; Secure`,
        `${url}/session/x`,
      )
      await browser.jar.setCookie(`${pair}; Path=/; Secure`, url)
    }
    const page = await browser.open(`${url}/private`)
    expect(page.status).toBe(401)
    const login = await browser.press(page, 'Sign out everywhere and sign in again')
    expect(login.url).toContain(`${world.emulator.url}/login`)
    for (const path of ['/', '/session', '/session/return']) {
      const left = await browser.cookieNames(`${url}${path}`)
      expect(left.filter((name) => partNames.includes(name))).toEqual([])
    }
    const back = await browser.press(login, /^Sign in$/, { username: 'ana', password: 'ana-password' })
    expect(back.status).toBe(200)
    expect(await shown(browser.fetch(`${url}/private`))).toMatchObject({ state: 'active' })
  })
})
