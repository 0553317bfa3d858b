/** @module Seeded mutations of a text: the same seed makes the same texts. */

/** A generator of numbers in [0, 1) (mulberry32). */
export function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const pieces = [
  '=',
  ';',
  '.',
  ',',
  '"',
  ' ',
  '\t',
  '\r\n',
  '\0',
  '\\',
  '{',
  '}',
  '[',
  ']',
  ':',
  '-',
  '_',
  '+',
  '/',
  '%00',
]
const words = [
  'c1_header=',
  '; c1_payload=',
  'null',
  '1e999',
  '"alg":"none",',
  '"exp":9e9,',
  '\\u0000',
  'é',
  '\ud800',
  '𝒳',
]

/** The text with one to four random changes: replaced, removed, doubled, moved or inserted pieces. */
export function mutate(text: string, random: () => number): string {
  const upTo = (limit: number) => Math.floor(random() * limit)
  let changed = text
  for (let count = 1 + upTo(4); count > 0; count -= 1) {
    const at = upTo(changed.length + 1)
    const end = Math.min(changed.length, at + 1 + upTo(12))
    const [before, middle, after] = [changed.slice(0, at), changed.slice(at, end), changed.slice(end)]
    const all = [...pieces, ...words, String.fromCharCode(upTo(256))]
    const piece = all[upTo(all.length)] ?? ''
    const results = [
      before + piece + middle + after,
      before + piece + after,
      before + after,
      before + middle + middle + after,
      middle + before + after,
      before + [...middle].reverse().join('') + after,
      before +
        middle.replace(/[a-z]/i, (letter) => String.fromCharCode(letter.charCodeAt(0) ^ (1 << upTo(5)))) +
        after,
      before,
    ]
    changed = results[upTo(results.length)] ?? changed
  }
  return changed
}
