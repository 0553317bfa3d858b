/** @module Passwords and codes of the emulator at rest, beside WebCrypto's own derivation. */
import { describe, expect, it } from 'vitest'
import { createHashing, leastIterations } from '../../src/emulator/hashing.js'
import { createPeople } from '../../src/emulator/people.js'

const hashing = createHashing(leastIterations)

/** PBKDF2 by the other interface of the runtime. */
async function derive(secret: string, salt: Uint8Array, iterations: number, bits: number) {
  const key = await crypto.subtle.importKey('raw', Buffer.from(secret), 'PBKDF2', false, ['deriveBits'])
  const algorithm = { name: 'PBKDF2', hash: 'SHA-256', salt: new Uint8Array(salt), iterations }
  return Buffer.from(await crypto.subtle.deriveBits(algorithm, key, bits))
}

describe('passwords and codes of the emulator', () => {
  it('are hashed with PBKDF2 and HMAC-SHA-256, 1000 iterations or more', async () => {
    const { salt, hash } = await hashing.hash('ana-password')
    expect(Buffer.from(hash)).toEqual(await derive('ana-password', salt, 1000, 256))
    const costly = await createHashing(4096).hash('ana-password')
    expect(Buffer.from(costly.hash)).toEqual(await derive('ana-password', costly.salt, 4096, 256))
  })

  it('have a salt of their own of 128 bits, each time another', async () => {
    const hashes = await Promise.all([1, 2, 3].map(() => hashing.hash('123456')))
    expect(hashes.map(({ salt }) => salt.length)).toEqual([16, 16, 16])
    expect(new Set(hashes.map(({ salt }) => Buffer.from(salt).toString('hex'))).size).toBe(3)
    expect(new Set(hashes.map(({ hash }) => Buffer.from(hash).toString('hex'))).size).toBe(3)
  })

  it('match only themselves, in whichever form of Unicode', async () => {
    const stored = await hashing.hash('caf\u00e9')
    expect(await hashing.matches('cafe\u0301', stored)).toBe(true)
    expect(await hashing.matches('cafe', stored)).toBe(false)
  })

  it('are compared for everybody, and are right for one person alone', async () => {
    const people = createPeople(
      ['zoe', 'yan'].map((username) => ({ username, password: `${username}-1` })),
      leastIterations,
    )
    expect((await people.authenticate('zoe', 'zoe-1'))?.username).toBe('zoe')
    expect(await people.authenticate('zoe', 'yan-1')).toBeUndefined()
    expect(await people.authenticate('nobody', 'zoe-1')).toBeUndefined()
    expect(await people.authenticate('nobody', 'undefined')).toBeUndefined()
    expect((await people.authenticate('yan', 'yan-1'))?.username).toBe('yan')
  })
})
