import { decodeProtectedHeader, importJWK, type JWK, jwtVerify } from 'jose'
import { expect, it } from 'vitest'
import { createSsoIssuer } from '../../src/issuing/issuer.js'
import { keyFolder } from '../../src/issuing/key-folder.js'
import { createKeyRing } from '../../src/issuing/ring.js'
import { citizen, createTestClock, temporaryFolder } from './world.js'

const hour = 3600
const week = 7 * 24 * hour
const times = { cacheSeconds: hour, publishSeconds: 3 * hour, tokenSeconds: 60, clockSkewSeconds: 60 }

/** Keeps the key set for as long as its `max-age` says, times a factor, and never looks in between. */
function createPartner(factor: number) {
  let keys = new Map<string, JWK>()
  let until = 0
  const seen = { unknown: new Set<string>(), met: new Set<string>(), fetches: 0 }
  return {
    seen,
    async take(token: string, now: number, fetchKeys: () => Promise<{ maxAge: number; keys: JWK[] }>) {
      if (now >= until) {
        const answer = await fetchKeys()
        keys = new Map(answer.keys.map((key) => [key.kid ?? '', key]))
        until = now + answer.maxAge * factor * 1000
        seen.fetches += 1
      }
      const { kid = '' } = decodeProtectedHeader(token)
      seen.met.add(kid)
      const key = keys.get(kid)
      if (key === undefined) seen.unknown.add(kid)
      return key
    },
  }
}

it('JWT-18 a partner that keeps the key set for its whole max-age never meets an unknown kid, in a week of rotations under load over two instances', async () => {
  const folder = temporaryFolder()
  const { clock, travel } = createTestClock()
  const began = clock()
  // They look at the folder at different moments, and their clocks differ.
  const instances = [0, 1].map((index) => {
    const own = () => clock() + index * 25_000
    const keys = createKeyRing({
      storage: keyFolder(folder),
      algorithm: 'EdDSA',
      clock: own,
      refreshSeconds: 300 + 1300 * index,
      rotateEverySeconds: 5 * hour,
      ...times,
    })
    return createSsoIssuer({
      keys,
      issuer: 'org-7',
      audience: 'them',
      applicationUrl: 'https://a.example',
      clock: own,
    })
  })
  const instanceOf = (number: number) => {
    const instance = instances[number % 2]
    if (instance === undefined) throw new Error('two instances')
    return instance
  }
  const partners = Array.from({ length: 5 }, () => createPartner(1))
  const careless = createPartner(8)
  let verified = 0
  for (let step = 0; clock() < began + week * 1000; step++) {
    // Uneven steps, so that looks and rotations meet in every order.
    travel(147 + ((step * 61) % 113))
    const issuer = instanceOf(step)
    if (step % 3 === 0) await issuer.keys.maintain()
    const token = await issuer.issue(citizen())
    // Some are on their way for nearly their whole life.
    const now = clock() + (step % 4 === 0 ? 59_000 : 0)
    for (const [index, partner] of [...partners, careless].entries()) {
      const key = await partner.take(token, now, async () => {
        const { headers, body = '' } = await instanceOf(index + step + 1)
          .jwks()
          .handle({ method: 'GET', header: () => undefined }, undefined)
        const maxAge = Number(/max-age=(\d+)/.exec(headers['cache-control'] ?? '')?.[1])
        return { maxAge, keys: (JSON.parse(body) as { keys: JWK[] }).keys }
      })
      if (key === undefined || index !== step % partners.length) continue
      await jwtVerify(token, await importJWK(key), { currentDate: new Date(now), clockTolerance: 60 })
      verified += 1
    }
  }
  for (const { seen } of partners) {
    expect([...seen.unknown]).toEqual([])
    expect(seen.met.size).toBeGreaterThan(25)
    expect(seen.fetches).toBeLessThanOrEqual(week / hour)
  }
  expect(verified).toBeGreaterThan(2500)
  // The week is one in which it matters: who keeps the set for longer than it may does meet them.
  expect(careless.seen.unknown.size).toBeGreaterThan(5)
}, 30_000)
