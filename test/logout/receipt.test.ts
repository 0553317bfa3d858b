import { describe, expect, it } from 'vitest'
import { type Leg, type LegName, type LegState, outcomeOf } from '../../src/receipt.js'

const leg = (name: LegName, state: LegState, reason?: string): Leg => ({
  leg: name,
  target: 'somewhere',
  state,
  reason,
  milliseconds: 0,
})
const cookies = leg('cookies', 'done')
const ours = [leg('sessions', 'done'), cookies]
const identity = leg('identity', 'done')

describe('HLD-13 the outcome says neither more nor less than the legs', () => {
  it.each([
    ['global', 'everything is done', [...ours, identity]],
    [
      'global',
      'there was nothing to do',
      [leg('sessions', 'skipped', 'no-session'), cookies, leg('identity', 'skipped', 'no-session')],
    ],
    ['global', 'there were no tokens', [...ours, leg('tokens', 'skipped', 'no-tokens'), identity]],
    [
      'global',
      'tokens cannot be revoked where the session is over',
      [...ours, leg('tokens', 'skipped', 'no-revocation-endpoint'), identity],
    ],
    [
      'partial',
      'they cannot, and it may go on',
      [...ours, leg('tokens', 'skipped', 'no-revocation-endpoint'), leg('identity', 'unknown')],
    ],
    [
      'partial',
      'they cannot, and nobody was asked about it',
      [...ours, leg('tokens', 'skipped', 'no-revocation-endpoint')],
    ],
    [
      'partial',
      'one of two providers has not answered',
      [...ours, leg('tokens', 'skipped', 'no-revocation-endpoint'), identity, leg('identity', 'timed-out')],
    ],
    [
      'partial',
      'the provider has no way to sign out',
      [...ours, leg('identity', 'skipped', 'no-end-session-endpoint')],
    ],
    ['partial', 'the SAML provider has none', [...ours, leg('identity', 'skipped', 'no-endpoint')]],
    [
      'application',
      'FLD-10 only this application was meant',
      [
        leg('sessions', 'done'),
        leg('cookies', 'skipped', 'only-here'),
        leg('identity', 'skipped', 'only-here'),
      ],
    ],
    [
      'partial',
      'copies of the shared cookie may go on',
      [leg('sessions', 'done'), leg('cookies', 'unknown', 'other-sessions'), identity],
    ],
    [
      'failed',
      'the cookies are still there',
      [leg('sessions', 'done'), leg('cookies', 'refused', 'still-there'), identity],
    ],
    ['failed', 'the store has not answered', [leg('sessions', 'timed-out'), cookies, identity]],
    ['failed', 'no replica has confirmed', [leg('sessions', 'unknown', 'not-replicated'), cookies, identity]],
  ] as const)('HLD-13 %s: %s', (outcome, _why, legs) => {
    expect(outcomeOf(legs)).toBe(outcome)
  })
})
