import { describe, expect, it } from 'vitest'
import {
  leftToSay,
  type Phase,
  patienceOf,
  phaseAfter,
  phaseNow,
  textsIn,
} from '../../../src/browser/header/state.js'

const phases: readonly Phase[] = ['unknown', 'active', 'unsure', 'ended', 'anonymous']

describe('an answer of the server', () => {
  it.each<[Phase, Phase]>([
    ['unknown', 'anonymous'],
    ['anonymous', 'anonymous'],
    ['active', 'ended'],
    ['unsure', 'ended'],
    ['ended', 'ended'],
  ])('of nobody is an end where somebody was there: %s, then %s', (before, after) => {
    for (const state of ['anonymous', 'mfa-required'] as const)
      expect(phaseAfter(before, { state })).toBe(after)
  })

  it('of somebody is a session, whatever was before', () => {
    expect(phases.map((phase) => phaseAfter(phase, { state: 'active' }))).toEqual(phases.map(() => 'active'))
  })
})

describe('by the clock', () => {
  it('a session whose time is over is no end before the server says so, and shows nobody', () => {
    expect([1, 0, -1].map((left) => phaseNow('active', left, false))).toEqual(['active', 'unsure', 'unsure'])
  })

  it('an outage ends nobody: what is known stays, and what is not known is not shown', () => {
    expect(phases.map((phase) => phaseNow(phase, 1000, true))).toEqual([
      'unsure',
      'active',
      'unsure',
      'ended',
      'anonymous',
    ])
  })

  it('an answer is enough for longer than the client takes, which asks for all each minute', () => {
    expect(patienceOf('active', 600_000, false)).toBe(90_000)
    expect(patienceOf('active', 120_000, false)).toBe(15_000)
  })

  it('what is not known is asked for soon, and what has ended not at all', () => {
    for (const phase of ['unknown', 'unsure'] as const) expect(patienceOf(phase, 0, false)).toBe(5000)
    for (const phase of ['ended', 'anonymous'] as const) expect(patienceOf(phase, 0, false)).toBe(1 / 0)
    for (const phase of phases) expect(patienceOf(phase, 600_000, true)).toBe(5000)
  })

  it('a near end is told three times, each time of no less than is left', () => {
    const told = Array.from({ length: 200 }, (_, second) => leftToSay((200 - second) * 1000))
    expect([...new Set(told)]).toEqual([undefined, 120_000, 60_000, 30_000])
    for (const [second, said] of told.entries())
      expect(said ?? 1 / 0).toBeGreaterThanOrEqual((200 - second) * 1000)
  })
})

describe('what is shown of a person', () => {
  it('are the claims of the cookie, else what the application has released', () => {
    const textOf = textsIn({ name: 'Ana of the cookie' }, { name: 'Ana released', email: 'ana@mail.example' })
    expect(['name', 'email', 'sub'].map(textOf)).toEqual(['Ana of the cookie', 'ana@mail.example', ''])
    expect(textsIn(null, { name: 'Ana' })('name')).toBe('Ana')
    expect(textsIn(null)('name')).toBe('')
  })

  it.each([[{ first: 'Ana' }], [['Ana']], [null], ['']])(
    'is what the application has released where the cookie has no text, but %j',
    (name) => {
      expect(textsIn({ name }, { name: 'Ana released' })('name')).toBe('Ana released')
    },
  )
  it('is what the application has released where the text of the cookie is nothing but blanks', () => {
    expect(textsIn({ name: ' \n ' }, { name: 'Ana released' })('name')).toBe('Ana released')
  })

  it.each([
    ['a text as it stands, markup too', '<img src=x onerror=alert(1)>', '<img src=x onerror=alert(1)>'],
    ['a number', 17, '17'],
    ['a text without blanks around it', '  Ana ', 'Ana'],
    ['a hundred characters at most', 'x'.repeat(300), 'x'.repeat(100)],
    ['no list', ['Ana'], ''],
    ['no object', { name: 'Ana' }, ''],
    ['nothing', null, ''],
    ['no method that every object has', undefined, '', 'toString'],
  ])('is %s', (_, value, shown, name = 'name') => {
    expect(textsIn({ name: value })(name)).toBe(shown)
  })
})
