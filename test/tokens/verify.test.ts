import { describe, expect, it } from 'vitest'
import { createSigningKey, createTestCache, createTestVerifier, createToken } from './signing.js'

const key = createSigningKey('k1')

describe('a good token', () => {
  it('is verified once and then found at once, as the same object', async () => {
    const { cache, clock } = createTestCache([key])
    const verifier = createTestVerifier(cache)
    const token = createToken(key)
    const first = await verifier.verify(token, clock())
    const second = verifier.verify({ ...token }, clock())
    expect(first).toMatchObject({ valid: true, sessionValue: 'session-1', attachment: undefined })
    expect(second).toBe(first)
  })
})
