/** @module The checker of near reads: what it calls beyond the promise, and what it excuses. */
import { describe, expect, it } from 'vitest'
import { check, type End, type Served, servedBetween } from './checker.js'

const bound = 200
const ends = new Map<string, End>([['ana', { name: 'ana', at: 1000, way: 'session' }]])
const beyond = (...served: Served[]): number => check(ends, served, bound).beyond.length

describe('near reads against a log of ends', () => {
  it.each<readonly [string, number, readonly Served[]]>([
    ['before the end', 0, [['ana', 999, 'near']]],
    ['within the bound', 0, [['ana', 1200, 'near']]],
    ['beyond the bound', 1, [['ana', 1200.001, 'near']]],
    ['somebody who was never ended', 0, [['bo', 9000, 'near']]],
    ['a strict read that finds the session after its end', 0, [['ana', 1500, 'strict']]],
    [
      'a strict read within the bound before says so too',
      0,
      [
        ['ana', 1500, 'near'],
        ['ana', 1400, 'control'],
      ],
    ],
    [
      'a strict read longer than the bound before said so',
      1,
      [
        ['ana', 1500, 'near'],
        ['ana', 1299, 'control'],
      ],
    ],
    [
      'a strict read from before the end excuses nothing',
      1,
      [
        ['ana', 1201, 'near'],
        ['ana', 999, 'control'],
      ],
    ],
    [
      'a strict read of somebody else',
      1,
      [
        ['ana', 1500, 'near'],
        ['bo', 1500, 'control'],
      ],
    ],
  ])('%s: %i', (_, count, served) => {
    expect(beyond(...served)).toBe(count)
  })

  it('measures the longest within and beyond, and counts servers that were replaced', () => {
    const served: Served[] = [
      ['ana', 1100, 'near'],
      ['ana', 1350, 'near'],
      ['ana', 1010, 'strict'],
    ]
    expect(check(ends, served, bound)).toEqual({
      beyond: ['ana: served 350.0 ms after its end (session)'],
      longest: 350,
      within: 1,
      replaced: 1,
    })
  })

  it('counts what was served from memory between two moments', () => {
    const served: Served[] = [
      ['ana', 10, 'near'],
      ['ana', 20, 'near'],
      ['ana', 20, 'strict'],
      ['ana', 30, 'near'],
    ]
    expect(servedBetween(served, 10, 30)).toBe(1)
  })
})
