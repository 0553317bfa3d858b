/** @module The texts that lie in Redis. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  parseKept,
  parseRecord,
  parseRevocation,
  serializeKept,
  serializeRecord,
} from '../../src/stores/redis/format.js'

const time = fc.integer({ min: 0, max: 9_000_000_000_000 })
const word = fc.stringMatching(/^[A-Za-z0-9_]{1,22}$/)
const sealed = fc.oneof(fc.constant(''), word)
const reason = fc.constantFrom('idle-timeout', 'identity-ended', 'revoked' as const)

describe('formats in Redis', () => {
  it('gives back every live record', () => {
    const method = fc.constantFrom('password', 'mfa', 'did' as const)
    const optional = fc.record(
      {
        signIn: fc.constant('due' as const),
        begunBy: fc.constant('protocol' as const),
        newestToken: fc.record({ method, olderUntil: fc.oneof(fc.constant(-1), time) }),
      },
      { requiredKeys: [] },
    )
    const live = fc.record({
      state: fc.constant('live' as const),
      generation: word,
      startedAt: time,
      lastSeenAt: time,
      endsAt: time,
      idleMilliseconds: time,
      tokenExpiresAt: time,
      level: fc.integer({ min: 0, max: 9 }),
      authenticatedAt: time,
      retainUntil: time,
      sealed,
    })
    fc.assert(
      fc.property(live, optional, (common, rest) => {
        const record = { ...common, ...rest }
        expect(parseRecord(serializeRecord(record))).toEqual(record)
      }),
    )
  })

  it.each(['x1', 'p', 'p1.5', 'pp1', '-'])('reads %j for the newest token as none', (text) => {
    expect(parseRecord(`1 l one 1 2 3 4 5 1 0 6 - - - ${text}`)).not.toHaveProperty('newestToken')
  })

  it('gives back every ended record and every kept refresh', () => {
    const state = fc.constant('ended' as const)
    const method = fc.constantFrom('password', 'mfa', 'did' as const)
    const newestToken = fc.record({ method, olderUntil: fc.oneof(fc.constant(-1), time) })
    const level = fc.oneof(fc.integer({ min: -9, max: 9 }), fc.constantFrom(1.5, 1e21, 1e-7))
    const ended = fc.record(
      {
        state,
        reason: fc.oneof(reason, fc.constant('provider-removed' as const)),
        at: time,
        generation: sealed,
        retainUntil: time,
        sealed,
        shown: fc.record({ level, newestToken }),
      },
      { requiredKeys: ['state', 'reason', 'at', 'generation', 'retainUntil', 'sealed'] },
    )
    fc.assert(
      fc.property(ended, (record) => void expect(parseRecord(serializeRecord(record))).toEqual(record)),
    )
    const kept = fc.record({ token: word, sealed, fence: time, until: time })
    fc.assert(fc.property(kept, (each) => void expect(parseKept(serializeKept(each))).toEqual(each)))
  })

  it('answers any other text with a record or with store-format', () => {
    const start = fc.constantFrom('1 l ', '1 e ', '2 e ', '1 ', '')
    fc.assert(
      fc.property(start, fc.string(), (before, after) => {
        for (const parse of [parseRecord, parseRevocation]) {
          try {
            parse(before + after)
          } catch (error) {
            expect(error).toMatchObject({ code: 'store-format' })
          }
        }
      }),
    )
  })

  it.each(['1 v idle 5 6', '1 e revoked 5 6', 'v', ''])('takes %j for no revocation', (text) => {
    expect(() => parseRevocation(text)).toThrow(expect.objectContaining({ code: 'store-format' }))
  })
})
