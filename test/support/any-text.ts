/**
 * @module Any text for properties, as `fc.string({ unit: 'binary' })` makes it. That makes a table of all characters
 * first, which takes a second and stays in memory.
 */
import fc from 'fast-check'

const first = 0x10_000
/** Halves of a pair are no characters. */
const halves = { from: 0xd800, to: 0xdfff }
const character = fc
  .oneof(
    { weight: 4, arbitrary: fc.integer({ min: 0, max: 0x7f }) },
    { weight: 2, arbitrary: fc.integer({ min: 0x80, max: halves.from - 1 }) },
    { weight: 1, arbitrary: fc.integer({ min: halves.to + 1, max: first - 1 }) },
    { weight: 2, arbitrary: fc.integer({ min: first, max: 0x10_ffff }) },
  )
  .map((code) => String.fromCodePoint(code))

/** Names that mean something to JavaScript. */
const names = fc.constantFrom(
  ...['__proto__', 'constructor', 'prototype', 'toString', 'valueOf', 'hasOwnProperty', 'then', 'key', 'ref'],
)

/** A text of any characters, of at most so many; now and then a name that every object knows. */
export function anyText(maxLength?: number): fc.Arbitrary<string> {
  const characters = fc.array(character, maxLength === undefined ? {} : { maxLength })
  return fc.oneof(
    { weight: 19, arbitrary: characters.map((all) => all.join('')) },
    { weight: 1, arbitrary: names },
  )
}
