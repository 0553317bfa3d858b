import { describe, expect, it } from 'vitest'
import { createSuite } from '../../src/index.js'
import { createSealer } from '../../src/seal.js'
import { createWorld, optionsOf, serve } from '../support/world.js'

const url = 'https://benefits.citizen.example'

describe('peers: the first request with a hostile Host', () => {
  it.each(['host', 'x-forwarded-host', 'forwarded', 'x-forwarded-proto'])(
    'by %s decides no address, of its own answer or a later one',
    async (name) => {
      const world = await createWorld()
      const { handle } = world.application('benefits')
      const navigation = {
        'sec-fetch-mode': 'navigate',
        'sec-fetch-site': 'same-origin',
        accept: 'text/html',
      }
      for (const value of ['evil.example', 'benefits.citizen.example']) {
        const headers = { ...navigation, [name]: value }
        for (const path of ['/private', '/session/login', '/session/logout', '/session/return']) {
          const response = await handle(new Request(`${url}${path}`, { headers }))
          const text = `${response.headers.get('location') ?? ''} ${await response.text()}`
          expect(text).not.toContain('evil.example')
        }
        const login = await handle(new Request(`${url}/session/login`, { headers }))
        const target = new URL(login.headers.get('location') ?? '')
        expect(target.origin).toBe('https://id.citizen.example')
        expect(new URL(target.searchParams.get('returnTo') ?? '').origin).toBe(url)
        const logout = await handle(new Request(`${url}/session/logout`, { method: 'POST', headers }))
        const visit = new URL(logout.headers.get('location') ?? '')
        expect(new URL(visit.searchParams.get('returnTo') ?? '').origin).toBe(url)
      }
    },
  )
})

describe('sealed values', () => {
  const random = (bytes: number) => crypto.getRandomValues(new Uint8Array(bytes))
  const [older, newer] = ['an older secret of thirty-two bytes!', 'a newer secret of thirty-two bytes!!']
  const sealer = (application: string, ...secrets: (string | undefined)[]) =>
    createSealer({ application, secrets: secrets.filter((secret) => secret !== undefined), random })

  it('the newest secret seals, each one opens, and none that is gone', () => {
    const before = sealer('benefits', older)
    const both = sealer('benefits', newer, older)
    const after = sealer('benefits', newer)
    const old = before.seal('hint', 'place', 'text')
    const fresh = both.seal('hint', 'place', 'text')
    expect([before, both, after].map((each) => each.open('hint', 'place', old))).toEqual([
      'text',
      'text',
      undefined,
    ])
    expect([before, both, after].map((each) => each.open('hint', 'place', fresh))).toEqual([
      undefined,
      'text',
      'text',
    ])
  })

  it('peers: what was sealed for one purpose, place or application opens in no other', () => {
    const places = ['benefits', 'library'].flatMap((application) =>
      ['hint', 'login', 'logout', 'record', 'kept'].flatMap((purpose) =>
        ['one', 'other'].map((place) => ({ application, purpose, place })),
      ),
    )
    for (const from of places) {
      const sealed = sealer(from.application, older).seal(from.purpose, from.place, 'text')
      const opening = places.filter(
        (to) => sealer(to.application, older).open(to.purpose, to.place, sealed) !== undefined,
      )
      expect(opening).toEqual([from])
    }
  })

  it('never repeats itself, and opens nothing that was changed in one bit', () => {
    const one = sealer('benefits', older)
    const sealed = one.seal('hint', 'place', 'text')
    expect(new Set(Array.from({ length: 100 }, () => one.seal('hint', 'place', 'text'))).size).toBe(100)
    const bytes = Buffer.from(sealed, 'base64url')
    const ofNewerRelease = expect.objectContaining({ code: 'store-format' })
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const changed = Buffer.from(bytes)
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      const open = () => one.open('hint', 'place', changed.toString('base64url'))
      const [version = 0] = changed
      // What a newer release may have sealed is not opened either, and not called changed.
      if (version > 1 && version < 16) expect(open).toThrow(ofNewerRelease)
      else expect(open()).toBeUndefined()
    }
  })

  it('a login that began before the secrets were changed comes back after it', async () => {
    const world = await createWorld()
    const parts = { emulator: world.emulator, clock: world.now, store: world.store }
    const changed = createSuite(
      optionsOf('benefits', parts, {
        application: { id: 'benefits', url, secrets: [newer ?? '', 'a secret of thirty-two bytes or more'] },
      }),
      {},
    )
    const login = await world
      .application('benefits')
      .handle(new Request(`${url}/session/login?returnTo=/open`))
    const transaction = login.headers.getSetCookie()[0]?.split(';', 1)[0]
    const back = new URL(login.headers.get('location') ?? '').searchParams.get('returnTo') ?? ''
    const cookie = `${await world.emulator.cookiesFor('ana')}; ${transaction}`
    const arrived = await serve(changed, new Request(back, { headers: { cookie } }))
    expect([arrived.status, arrived.headers.get('location')]).toEqual([302, '/open'])
  })
})

describe('a HEAD request', () => {
  it.each(['login', 'return', 'logout', 'extend'])('of %s does nothing', async (route) => {
    const world = await createWorld()
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    const cookie = await browser.cookieHeader(url)
    const response = await world
      .application('benefits')
      .handle(new Request(`${url}/session/${route}`, { method: 'HEAD', headers: { cookie } }))
    expect([response.status, response.headers.getSetCookie()]).toEqual([405, []])
    expect((await browser.fetch(`${url}/private`)).status).toBe(200)
  })
})
