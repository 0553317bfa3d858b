import { describe, expect, it } from 'vitest'
import { createCookieScanner } from '../../src/cookies/parse.js'
import { combinations } from '../../src/shared-cookie/duplicates.js'
import { joinToken, splitToken } from '../../src/tokens/token-parts.js'
import { createRandom, mutate } from '../cookies/mutate.js'
import {
  claimsAt,
  createSigningKey,
  createTestCache,
  createTestVerifier,
  createToken,
  encode,
  signEncoded,
  startOfTime,
} from './signing.js'

const key = createSigningKey('k1')
const good = createToken(key)
const scan = createCookieScanner({
  header: 'c1_header',
  payload: 'c1_payload',
  signature: 'c1_signature',
  hint: 'x',
})

async function warmVerifier() {
  const { cache, clock } = createTestCache([key])
  const verifier = createTestVerifier(cache)
  await verifier.verify(good, clock())
  return { verify: verifier.verify, now: clock() }
}

describe('tokens mutated at random, from a fixed seed', () => {
  it('are refused with a reason unless they are the very token that was signed', async () => {
    const { verify, now } = await warmVerifier()
    const random = createRandom(42)
    const problems = new Set<string>()
    for (let count = 0; count < 5000; count += 1) {
      const parts = splitToken(mutate(joinToken(good), random))
      if (parts === undefined) continue
      const result = await verify(parts, now)
      if (result.valid) expect(parts).toEqual(good)
      else problems.add(result.problem)
    }
    expect([...problems]).toEqual(expect.arrayContaining(['malformed', 'signature']))
  })

  it('within cookies: nothing but the signed token comes out', async () => {
    const { verify, now } = await warmVerifier()
    const text = `a=1; c1_header=${good.header}; c1_payload=${good.payload}; c1_signature=${good.signature}`
    const random = createRandom(43)
    let accepted = 0
    for (let count = 0; count < 3000; count += 1) {
      const tokens = combinations(scan(mutate(text, random)))
      for (const parts of tokens === 'too-many' ? [] : tokens) {
        const result = await verify(parts, now)
        if (!result.valid) continue
        expect(parts).toEqual(good)
        accepted += 1
      }
    }
    expect(accepted).toBeGreaterThan(0)
  })

  it('signed after the change: whatever is accepted keeps every rule', async () => {
    const { verify, now } = await warmVerifier()
    const random = createRandom(44)
    const problems = new Set<string>()
    const payload = JSON.stringify(claimsAt(startOfTime, { name: 'A', roles: ['x', { y: 1 }] }))
    for (let count = 0; count < 1500; count += 1) {
      const isHeader = count % 5 === 0
      const header = isHeader ? encode(mutate('{"alg":"RS256","typ":"JWT","kid":"k1"}', random)) : good.header
      const result = await verify(
        signEncoded(key, header, isHeader ? good.payload : encode(mutate(payload, random))),
        now,
      )
      if (!result.valid) {
        problems.add(result.problem)
        continue
      }
      const { claims } = result
      for (const name of ['mfaRequired', 'isMfa', 'isDidAuth']) expect(claims[name]).toBeTypeOf('boolean')
      for (const name of ['aud', 'nonce', 'scope', 'events']) expect(Object.hasOwn(claims, name)).toBe(false)
      for (const name of ['iss', 'sub', 'jti']) expect(claims[name]).toMatch(/./s)
      expect(claims.exp * 1000).toBeGreaterThan(now)
    }
    expect([...problems]).toEqual(expect.arrayContaining(['malformed', 'claims', 'kind', 'issuer']))
  })
})
