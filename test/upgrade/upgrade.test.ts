/** @module The vectors of 0.1.0 read by today's code: digests, seals, texts of the store, and an upgrade in memory. */
import { describe, expect, it } from 'vitest'
import { digest } from '../../src/digest.js'
import { sessionIndexKey } from '../../src/oidc/context.js'
import { createSealer } from '../../src/seal.js'
import { personOf, publicIdOf, sessionOf } from '../../src/sessions/record.js'
import { parseKept, parseRecord, parseRevocation } from '../../src/stores/redis/format.js'
import type { StartRequest } from '../../src/stores/store.js'
import { describeUpgrade } from './goes-on.js'
import { intoMemory, vectors } from './vectors.js'

describe('digests', () => {
  const today: Readonly<Record<string, (...parts: string[]) => string>> = {
    person: (issuer = '', subject = '') => personOf(issuer, subject),
    session: (issuer = '', value = '') => sessionOf(issuer, value),
    public: (generation = '') => publicIdOf(generation),
    sid: (issuer = '', sessionId = '') => sessionIndexKey(issuer, sessionId).key,
  }

  it.each(vectors.digests)('FLD-12 the digest of a $of is what it was: $parts', ({ of, parts, is }) => {
    expect(today[of]?.(...parts)).toBe(is)
  })

  it('FLD-12 has digests of every kind that a key of the store is made of', () => {
    expect(new Set(vectors.digests.map(({ of }) => of))).toEqual(new Set(Object.keys(today)))
    expect(digest('person', vectors.providerUrl, 'ana')).toBe(vectors.digests[0]?.is)
  })
})

describe('seals', () => {
  const sealer = createSealer({
    application: 'benefits',
    secrets: ['n'.repeat(32), ...vectors.secrets],
    random: Buffer.alloc,
  })

  it.each(vectors.seals)('FLD-12 a seal for $purpose opens, also by a later secret', (vector) => {
    const { purpose, place, text, sealed } = vector
    expect(sealer.open(purpose, place, sealed)).toBe(text)
    expect(sealer.open(`${purpose}x`, place, sealed)).toBeUndefined()
  })
})

describe('texts of the store', () => {
  const { calls, store } = vectors.everyKind
  const fields = Object.values(store).flatMap(({ value }) =>
    typeof value === 'string' ? [] : Object.entries(value),
  )
  const textsOf = (kind: RegExp): string[] =>
    fields.filter(([field]) => kind.test(field)).map(([, text]) => text)
  const given = (method: string, index: number, position: number): unknown =>
    calls.filter(([name]) => name === method)[index]?.[position]

  it('FLD-12 records, live and ended, are read as they were written', () => {
    const [live, ended] = textsOf(/^r:/).map(parseRecord)
    expect(live).toEqual({
      ...(given('start', 0, 2) as StartRequest).record,
      tokenExpiresAt: given('keep', 0, 4),
    })
    expect(ended).toEqual(given('end', 0, 3))
  })

  it('FLD-12 revocations and kept refreshes are read as they were written', () => {
    const revocation = given('revoke', 0, 3)
    expect(textsOf(/^v/).map(parseRevocation)).toEqual([
      revocation,
      revocation,
      given('revoke', 1, 3),
      given('revoke', 1, 3),
    ])
    expect(textsOf(/^k:/).map(parseKept)).toEqual([given('keep', 0, 3)])
  })
})

describe('in memory', () => {
  describeUpgrade(intoMemory)
})
