import { describe, expect, it } from 'vitest'
import { type Plan, schedule } from '../../src/browser/schedule.js'
import { active, here, stateWith, without } from './states.js'

type State = Parameters<typeof stateWith>[0]

/** What is due that many seconds after the moment `here`. */
const planAt = (seconds: number, state: State, isHidden = false): Plan =>
  schedule(stateWith(state), here + seconds * 1000, isHidden)

/** A moment that many seconds after `here`. */
const at = (seconds: number) => here + seconds * 1000

const led: State = { reading: active() }
const leading: State = { ...led, isLeader: true }
const offline: State = { ...led, snapshot: { isOffline: true } }

describe('the server is asked', () => {
  it.each<[rule: string, state: State, seconds: number, ask: boolean]>([
    ['at the start', {}, 0, true],
    ['not again while the first answer is awaited', { askedAt: at(0) }, 4, false],
    ['again after five seconds without a first answer', { askedAt: at(0) }, 5, true],
    ['not before a minute, by the tab that leads', leading, 59, false],
    ['each minute, by the tab that leads', leading, 60, true],
    ['not by a tab that is led', led, 89, false],
    ['by a tab that is led once nobody has asked for half as long again', led, 90, true],
    ['as often as the application says', { ...leading, options: { pollSeconds: 10 } }, 10, true],
    [
      'as often as the application says, and half as often again by a tab that is led',
      { ...led, options: { pollSeconds: 10 } },
      14,
      false,
    ],
    ['after five seconds where there was no answer', offline, 5, true],
    ['not sooner where there was no answer', offline, 4, false],
    ['after a second while it misses the session', { ...led, missedAt: at(0) }, 1, true],
    [
      'after a second while it misses the session, also without an answer',
      { ...offline, missedAt: at(0) },
      1,
      true,
    ],
    ['not sooner while it misses the session', { ...led, missedAt: at(0) }, 0.9, false],
    ['at once where something has happened since the last question', { ...led, changedAt: at(3) }, 3, true],
    ['not where it was asked since that happened', { ...led, changedAt: at(3), askedAt: at(3.1) }, 4, false],
    [
      'never of its own accord where nobody is signed in',
      { reading: without('not-signed-in') },
      86_400,
      false,
    ],
    [
      'where nobody is signed in, once something has happened',
      { reading: without('not-signed-in'), changedAt: at(7) },
      7,
      true,
    ],
    ['before the warning', led, 540, true],
    ['not twice before the warning', { ...led, askedAt: at(540.1) }, 541, false],
    ['each five seconds during the warning', { ...led, askedAt: at(541) }, 546, true],
    ['not sooner during the warning', { ...led, askedAt: at(541) }, 545, false],
    ['at the end, though it was asked a moment before', { ...led, askedAt: at(599.5) }, 600, true],
    ['not twice at the end', { ...led, askedAt: at(600.1) }, 601, false],
    ['each five seconds after the end', { ...led, askedAt: at(600.1) }, 606, true],
  ])('%s', (_, state, seconds, ask) => {
    expect(planAt(seconds, state).ask).toBe(ask)
  })
})

describe('a page shows', () => {
  it.each<[rule: string, state: State, seconds: number, show: Plan['show'], secondsLeft: number]>([
    ['itself while there is time', led, 10, 'active', 590],
    ['the same until the server was asked, though a warning is due', led, 540, undefined, 60],
    ['a warning once the server was asked', { ...led, askedAt: at(540.1) }, 541, 'warning', 59],
    [
      'a warning as early as the application says',
      { ...led, options: { warnSeconds: 300 }, askedAt: at(301) },
      301,
      'warning',
      299,
    ],
    ['whole seconds, the last of them begun', { ...led, askedAt: at(599) }, 599.2, 'warning', 1],
    [
      'the same warning while something new is asked',
      { ...led, askedAt: at(550), changedAt: at(551) },
      551,
      undefined,
      49,
    ],
    ['a cover at the end', led, 600, 'cover', 0],
    ['a cover at the end, though the server is away', offline, 600, 'cover', 0],
    ['itself during an outage', offline, 300, 'active', 300],
    ['a warning during an outage', { ...offline, askedAt: at(541) }, 541, 'warning', 59],
    ['what it showed before the first answer', { askedAt: at(0) }, 1, undefined, 0],
    ['what it showed where nobody is signed in', { reading: without('not-signed-in') }, 700, undefined, 0],
  ])('%s', (_, state, seconds, show, secondsLeft) => {
    const plan = planAt(seconds, state)
    expect(plan.show).toBe(show)
    expect(plan.secondsLeft + 0).toBe(secondsLeft)
  })
})

describe("a browser's clock", () => {
  it.each<[rule: string, state: State, seconds: number, due: Partial<Plan>]>([
    [
      'that is moved on by a day ends the time at once, and asks',
      leading,
      86_400,
      { ask: true, show: 'cover' },
    ],
    ['that is moved on into the warning asks before it warns', led, 560, { ask: true, show: undefined }],
    [
      'that is moved back by an hour asks at once',
      led,
      -3600,
      { ask: true, show: 'active', secondsLeft: 600 },
    ],
    ['that is moved back by a second asks at once', led, -1, { ask: true, show: 'active' }],
    [
      'that is moved back asks at once where nobody is signed in',
      { reading: without('not-signed-in') },
      -3600,
      { ask: true, show: undefined },
    ],
    [
      'that is moved back during a warning takes it away',
      { ...led, askedAt: at(545), snapshot: { state: 'warning' } },
      -60,
      { ask: true, show: 'active', secondsLeft: 600 },
    ],
    [
      'that is moved back within a warning asks before it goes on warning',
      { ...led, askedAt: at(590) },
      550,
      { ask: true, show: undefined },
    ],
  ])('%s', (_, state, seconds, due) => {
    expect(planAt(seconds, state)).toMatchObject(due)
  })
})

describe('the client looks again', () => {
  it.each<[rule: string, state: State, seconds: number, isHidden: boolean, sleepFor: number]>([
    ['each second in a tab that is seen', led, 10, false, 1000],
    [
      'each second in a tab that is seen, where nobody is signed in',
      { reading: without(null) },
      10,
      false,
      1000,
    ],
    ['each five seconds in a hidden tab', led, 10, true, 5000],
    ['each five seconds in a hidden tab that leads', leading, 10, true, 5000],
    ['each five seconds in a hidden tab during an outage', offline, 10, true, 5000],
    ['each five seconds in a hidden tab before the first answer', {}, 0, true, 5000],
    ['each five seconds in a hidden tab with a minute to go', led, 540, true, 5000],
    ['each second in a hidden tab in its last minute', led, 540.1, true, 1000],
    ['each second in a hidden tab after the end', led, 700, true, 1000],
  ])('%s', (_, state, seconds, isHidden, sleepFor) => {
    expect(planAt(seconds, state, isHidden).sleepFor).toBe(sleepFor)
  })
})
