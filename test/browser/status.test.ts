import { describe, expect, it } from 'vitest'
import { millisecondsLeft, parseStatus, warningTime } from '../../src/browser/status.js'
import { start, statusWith } from './states.js'

describe('what is left of a session', () => {
  it.each([
    ['of the idle time', 600, 43_200, 0, 600_000],
    ['of the absolute time, if that is less', 600, 300, 0, 300_000],
    ['less what has passed since the question', 600, 43_200, 5_000, 595_000],
    ['nothing, and less', 600, 43_200, 700_000, -100_000],
    ['no more by a clock that was set back', 600, 43_200, -3_600_000, 600_000],
  ])('is what is left %s', (_, idle, absolute, passed, left) => {
    // A browser whose clock is an hour ahead of the server's, and one that is years behind.
    for (const at of [start + 3_600_000, 1_000_000]) {
      expect(millisecondsLeft({ status: statusWith(idle, absolute), at }, at + passed)).toBe(left)
    }
  })

  it('is nothing without a session', () => {
    const status = statusWith(600, 600, { state: 'anonymous', session: null })
    expect(millisecondsLeft({ status, at: 0 }, 0)).toBeUndefined()
  })
})

describe('the time to warn', () => {
  it.each([
    ['a minute before the end of a sensitive session', 600, undefined, 60],
    ['two minutes before the end of a longer one', 3600, undefined, 120],
    ['as the application says', 3600, 300, 300],
    ['at least twenty seconds before', 3600, 5, 20],
    ['at half of a short session at most', 30, 120, 15],
  ])('is %s', (_, idle, asked, seconds) => {
    expect(warningTime(statusWith(idle, 43_200), asked)).toBe(seconds * 1000)
  })

  it('does not shrink where the absolute limit cuts the idle time off', () => {
    const status = statusWith(600, 600)
    const { session } = status
    if (session === null) throw new Error('there is a session')
    const late = { ...status, session: { ...session, startedAt: start - 43_000_000, lastSeenAt: start } }
    expect(warningTime(late, undefined)).toBe(120_000)
    const cut = { ...late, session: { ...late.session, idleEndsAt: start + 90_000, endsAt: start + 90_000 } }
    expect(warningTime(cut, 100)).toBe(100_000)
  })
})

describe('an answer', () => {
  it('is taken as it is', () => {
    const status = statusWith(600, 600)
    expect(parseStatus(JSON.parse(JSON.stringify(status)))).toEqual(status)
    expect(parseStatus({ state: 'anonymous', login: '/login', session: null })).toBeDefined()
  })

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'active'],
    ['a problem', { title: 'Forbidden', status: 403 }],
    ['an active state without a session', { ...statusWith(600, 600), session: null }],
    ['a time that is a text', statusWith(600, 600, { now: '2026' as unknown as number })],
    ['a session without its end', { ...statusWith(600, 600), session: { idleEndsAt: start } }],
    ['no login', { ...statusWith(600, 600), login: undefined }],
    ['a login on another host', statusWith(600, 600, { login: '//elsewhere.example/' })],
    ['a login by another way to write one', statusWith(600, 600, { login: '/\\elsewhere.example/' })],
    ['a login that is a script', statusWith(600, 600, { login: 'javascript:alert(1)' })],
  ])('is none: %s', (_, value) => {
    expect(parseStatus(value)).toBeUndefined()
  })
})
