import { describe, expect, it } from 'vitest'
import { createWorld, shown } from '../support/world.js'

const url = 'https://benefits.citizen.example'

describe('a token of a key that is not known', () => {
  it('while the keys cannot be fetched is neither good nor bad, and nothing happens to its cookies', async () => {
    const world = await createWorld()
    const { handle } = world.application('benefits')
    const send = (cookie: string, path: string) =>
      handle(new Request(`${url}${path}`, { headers: { cookie, 'sec-fetch-site': 'same-origin' } }))
    expect((await send(await world.emulator.cookiesFor('ben'), '/private')).status).toBe(200)
    await world.emulator.rotateKeys()
    world.emulator.faults.set({ status: { jwks: 503 } })
    const cookie = await world.emulator.cookiesFor('ana')
    for (let count = 0; count < 3; count += 1) {
      expect(await shown(send(cookie, '/open'))).toMatchObject({ state: 'unavailable', reason: 'keys' })
      const refused = await send(cookie, '/private')
      expect([refused.status, refused.headers.getSetCookie()]).toEqual([503, []])
      expect(refused.headers.get('retry-after')).not.toBeNull()
    }
    const status = await send(cookie, '/session/status')
    expect([status.status, await status.json()]).toEqual([
      503,
      expect.objectContaining({ state: 'unavailable', reason: 'keys', session: null }),
    ])
    world.emulator.faults.clear()
    world.travel(30)
    expect((await send(cookie, '/private')).status).toBe(200)
  })

  it('while they can is not good', async () => {
    const world = await createWorld()
    const { handle } = world.application('benefits')
    const token = await world.emulator.signToken(
      {
        iss: world.emulator.url,
        sub: 'ana',
        jti: 'x',
        iat: world.now() / 1000,
        exp: world.now() / 1000 + 600,
        mfaRequired: false,
        isMfa: false,
        isDidAuth: false,
      },
      { key: 'stranger', kid: 'nobody-has-it' },
    )
    const headers = { cookie: world.emulator.cookieHeader(token) }
    expect(await shown(handle(new Request(`${url}/open`, { headers })))).toMatchObject({
      state: 'anonymous',
      reason: 'invalid-token',
    })
  })
})
