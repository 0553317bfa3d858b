/** @module The hint cookie: what opens, and what is remembered of it. */
import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createSealer, type Sealer } from '../../src/seal.js'
import { createHintCookie } from '../../src/shared-cookie/hint-cookie.js'

const ana = { person: 'ana', session: 'session-1', generation: 'generation-1' }

function setUp(application = 'benefits', rememberedHints?: number) {
  const sealer = createSealer({
    application,
    secrets: ['a secret of thirty-two bytes or more'],
    random: (bytes) => randomBytes(bytes),
  })
  let opened = 0
  const counting: Sealer = {
    ...sealer,
    open(purpose, place, sealed) {
      opened += 1
      return sealer.open(purpose, place, sealed)
    },
  }
  const hintCookie = createHintCookie({ application, isSecure: true, sealer: counting, rememberedHints })
  return { hintCookie, sealer, opened: () => opened }
}

describe('the hint cookie', () => {
  it('opens what it made', () => {
    const { hintCookie } = setUp()
    expect(hintCookie.open(hintCookie.make(ana).value)).toEqual(ana)
  })

  it('unseals a value once, however often it comes', () => {
    const { hintCookie, opened } = setUp()
    const { value } = hintCookie.make(ana)
    for (let time = 0; time < 3; time += 1) expect(hintCookie.open(value)).toEqual(ana)
    expect(opened()).toBe(1)
  })

  it('keeps several values apart', () => {
    const { hintCookie } = setUp()
    const ben = { ...ana, person: 'ben' }
    const [first, second] = [hintCookie.make(ana).value, hintCookie.make(ben).value]
    for (let time = 0; time < 2; time += 1) {
      expect(hintCookie.open(first)).toEqual(ana)
      expect(hintCookie.open(second)).toEqual(ben)
    }
  })

  it('says exactly what it was made of, and unseals it once', () => {
    const { hintCookie, opened } = setUp('benefits', 100)
    const { value } = hintCookie.make(ana)
    const others = [
      { ...ana, person: 'ben' },
      { ...ana, session: 'session-2' },
      { ...ana, generation: 'generation-2' },
      { person: 'ana session-1', session: 'generation-1', generation: '' },
    ]
    for (let time = 0; time < 2; time += 1) {
      for (const other of others) expect(hintCookie.says(value, other)).toBe(false)
      expect(hintCookie.says(`${value}A`, ana)).toBe(false)
      expect(hintCookie.says('junk', ana)).toBe(false)
      expect(hintCookie.says(value, ana)).toBe(true)
    }
    for (let each = 0; each < 200; each += 1)
      hintCookie.open(hintCookie.make({ ...ana, person: `p${each}` }).value)
    const before = opened()
    expect(hintCookie.says(value, ana)).toBe(true)
    expect(opened()).toBe(before)
  })

  const own = setUp()
  const { value } = own.hintCookie.make(ana)
  it.each([
    ['nothing', ''],
    ['junk', 'junk'],
    ['one character changed', `${value.slice(0, 40)}${value[40] === 'A' ? 'B' : 'A'}${value.slice(41)}`],
    ['another application', setUp('permits').hintCookie.make(ana).value],
    ['a value with too few parts', own.sealer.seal('hint', own.hintCookie.name, 'ana session-1')],
  ])('refuses %s, also after a good one', (_, refused) => {
    expect(own.hintCookie.open(value)).toEqual(ana)
    for (let time = 0; time < 2; time += 1) expect(own.hintCookie.open(refused)).toBeUndefined()
  })

  it('HLD-24 remembers what it was asked for lately, and as many as it may', () => {
    const { hintCookie, opened } = setUp('benefits', 100)
    const { value: first } = hintCookie.make(ana)
    const values = Array.from(
      { length: 300 },
      (_, each) => hintCookie.make({ ...ana, generation: `generation-${each}` }).value,
    )
    hintCookie.open(first)
    const before = opened()
    for (const value of values) {
      hintCookie.open(value)
      expect(hintCookie.open(first)).toEqual(ana)
    }
    expect(opened()).toBe(before + values.length)
    hintCookie.open(values[0] ?? '')
    expect(opened()).toBe(before + values.length + 1)
  })
})
