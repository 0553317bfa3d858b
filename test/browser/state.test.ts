import { describe, expect, it } from 'vitest'
import { type ClientState, type Effect, reduceStatus } from '../../src/browser/state.js'
import type { Reading } from '../../src/browser/status.js'
import { active, here, stateWith, without } from './states.js'

type State = Parameters<typeof stateWith>[0]

/** A moment that many seconds after `here`. */
const at = (seconds: number) => here + seconds * 1000

/** What an answer means that comes as soon as it was asked for, if nothing else is said. */
const effectOf = (state: State, answer: Reading, now = answer.at) =>
  reduceStatus(stateWith(state), answer, now)[0]

const known: State = { reading: active() }
const privatePage: State = { options: { isPrivate: true } }

describe('an answer', () => {
  it.each<[rule: string, state: State, answer: Reading, effect: Effect | undefined]>([
    ['is shown: the first', {}, active(), 'show'],
    ['is shown: a later one', known, active(1), 'show'],
    ['is shown: of the same moment', known, active(), 'show'],
    ['is shown: nobody is signed in, on a page for everybody', {}, without('not-signed-in'), 'show'],
    ['is shown: still nobody', { reading: without('idle-timeout') }, without('not-signed-in', 1), 'show'],
    ['is shown: somebody has signed in', { reading: without('idle-timeout') }, active(1), 'show'],
    ['does not count: one of before the last', known, active(-1), undefined],
    [
      'does not count: the end, if it was said before the last',
      known,
      without('idle-timeout', -1),
      undefined,
    ],
    ['does not count: one of before the page came back', { answersFrom: at(5) }, active(4), undefined],
    ['is shown: one since the page came back', { answersFrom: at(5) }, active(5), 'show'],
    [
      'does not count: any while the person signs out',
      { ...known, answersFrom: 1 / 0 },
      active(1),
      undefined,
    ],
    ['is the end: by idleness', known, without('idle-timeout', 1), 'end'],
    ['is the end: by the absolute limit', known, without('expired', 1), 'end'],
    ['is the end: by revocation', known, without('revoked', 1), 'end'],
    ['is the end: by a state alone', known, without(null, 1), 'end'],
    [
      'is the end: a second factor is missing',
      known,
      active(1, { state: 'mfa-required', session: null }),
      'end',
    ],
    ['is the end: nobody on a page for somebody', privatePage, without('idle-timeout'), 'end'],
    ['loads the page anew: another person', known, active(1, { person: 'dan' }), 'reload'],
    ['loads the page anew: nobody is named any more', known, active(1, { person: null }), 'reload'],
    ['is shown: nobody was named before', { reading: active(0, { person: null }) }, active(1), 'show'],
  ])('%s', (_, state, answer, effect) => {
    expect(effectOf(state, answer, at(10))).toBe(effect)
  })

  it('is kept, with the moment of its question', () => {
    const answer = active(3)
    expect(reduceStatus(stateWith(known), answer, at(4))[1]).toEqual({
      reading: answer,
      askedAt: at(3),
      missedAt: 0,
    })
  })

  it('of another tab does not hide that this one has asked since', () => {
    expect(reduceStatus(stateWith({ ...known, askedAt: at(9) }), active(3), at(10))[1]?.askedAt).toBe(at(9))
  })

  it('that does not count, or is for another person, changes nothing', () => {
    expect(reduceStatus(stateWith(known), active(-1), at(1))).toEqual([])
    expect(reduceStatus(stateWith(known), active(1, { person: 'dan' }), at(1))).toEqual(['reload'])
  })

  it('after the end still tells one person from another', () => {
    const [, changes] = reduceStatus(stateWith(known), without('idle-timeout', 1), at(1))
    expect(changes?.reading?.status.person).toBe('ana')
    expect(effectOf({ ...changes }, active(2, { person: 'dan' }))).toBe('reload')
    expect(effectOf({ ...changes }, active(2))).toBe('show')
  })
})

describe("a browser's clock", () => {
  it.each<[rule: string, state: State, answer: Reading, now: number, effect: Effect | undefined]>([
    ['that was moved back by an hour does not make the client deaf', known, active(-3600), at(-3600), 'show'],
    ['that was moved back by an hour hides no end', known, without('idle-timeout', -3599), at(-3598), 'end'],
    ['that is as it was lets no late answer in', known, active(-3600), at(1), undefined],
    ['that was moved on by an hour counts as it is', known, active(3600), at(3600), 'show'],
  ])('%s', (_, state, answer, now, effect) => {
    expect(effectOf(state, answer, now)).toBe(effect)
  })

  it('that was moved back does not make the client wait for the moment of its last question', () => {
    expect(reduceStatus(stateWith(known), active(-3600), at(-3599))[1]?.askedAt).toBe(at(-3600))
  })
})

describe('a session that the server misses', () => {
  const missed = (seconds: number): State => ({ ...known, missedAt: at(seconds) })

  it.each<[rule: string, state: State, answer: Reading, effect: Effect]>([
    [
      'covers the page: a sign-in has its cookies and no session yet',
      known,
      without('not-started', 1),
      'cover',
    ],
    ['covers the page: a sign-in has no cookies yet', known, without('not-signed-in', 1), 'cover'],
    ['covers the page just before three seconds', missed(1), without('not-started', 3.999), 'cover'],
    ['is the end after three seconds', missed(1), without('not-started', 4), 'end'],
    [
      'is the end after three seconds, whichever way it is missed',
      missed(1),
      without('not-signed-in', 4),
      'end',
    ],
    ['is the end when the next answer comes after an hour', missed(1), without('not-signed-in', 3600), 'end'],
    ['is the end at once after a sign-out', { ...known, missedAt: 1 }, without('not-signed-in', 1), 'end'],
    ['is the end at once by any other reason', missed(1), without('idle-timeout', 1.5), 'end'],
    ['is shown when it is back', missed(1), active(2), 'show'],
    ['is loaded anew when it is back as that of another', missed(1), active(2, { person: 'dan' }), 'reload'],
    ['covers a page for somebody at its start', privatePage, without('not-signed-in'), 'cover'],
    [
      'is the end of a page for somebody after three seconds',
      { ...privatePage, missedAt: at(0) },
      without('not-signed-in', 3),
      'end',
    ],
    ['is no end of a page for everybody', {}, without('not-started'), 'show'],
    [
      'covers the page, though the clock was moved back by a second',
      missed(1),
      without('not-started', 0),
      'cover',
    ],
    [
      'is the end, though the clock was moved back by an hour',
      missed(1),
      without('not-started', -3599),
      'end',
    ],
    ['is the end where the clock was moved on by an hour', missed(1), without('not-started', 3601), 'end'],
  ])('%s', (_, state, answer, effect) => {
    expect(effectOf(state, answer)).toBe(effect)
  })

  it('is missed since the first answer that misses it, and no more once it is back', () => {
    const answers = [
      without('not-started', 1),
      without('not-signed-in', 2),
      active(3),
      without('not-started', 5),
    ]
    let state: Readonly<ClientState> = stateWith(known)
    const since = answers.map((answer) => {
      const [, changes] = reduceStatus(state, answer, answer.at)
      state = Object.freeze({ ...state, ...changes })
      return state.missedAt
    })
    expect(since).toEqual([at(1), at(1), 0, at(5)])
    // The last answer that counts is the one of when it was there.
    expect(state.reading).toEqual(active(3))
  })
})
