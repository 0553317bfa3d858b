/** @module Remembers by digest which texts were verified, and by which key: small enough for a million of them. */

import { hash, randomBytes } from 'node:crypto'

/** What remains of texts that were verified, such as tokens, where the texts themselves are not remembered. */
export interface DigestMemory<K extends { readonly isRetired: boolean }> {
  /** The key that verified this very text, octet for octet, unless it is retired. `tail`: as it was given to `add`. */
  find(tail: string, text: string): K | undefined
  /** Takes note that this key verified this text. `tail`: a part that hardly two texts share, as a signature; its end counts. */
  add(tail: string, text: string, key: K): void
  clear(): void
  readonly size: number
}

/** How much is remembered: the smaller of the two. */
export interface DigestMemoryBounds {
  readonly maximumEntries?: number | undefined
  /** About {@link bytesOfDigest} for each text. */
  readonly maximumBytes: number
}

/** What a text takes here at most, room to grow included. */
export const bytesOfDigest = 80

/** A slot: the tag, the number of the key (0: the slot is free), and 128 bits of digest in four words. */
const wordsOfSlot = 6
const firstSlots = 16
/** A table with more than that many of its slots in use is made twice as large. */
const fullest = 5 / 8
/** So many texts lie in one table at most, so that no request pays for the growth of a large one. */
const mostInTable = 4096 * fullest
/** The number of no key: the text of that slot has moved. */
const moved = -1

/** A hash table of slots with open addressing. */
interface Table {
  words: Int32Array
  /** Slots that are not free. */
  used: number
  /** Texts that are found here. */
  size: number
}

/** Two generations of one part of all tags: what is found in the old one moves to the young one. */
interface Segment {
  young: Table
  old: Table
}

/** What all tables of one memory share. */
interface DigestContext<K> {
  /** Nobody outside of this process can tell a digest, or look for two texts with the same one. */
  readonly secret: string
  /** Texts in one table at most. */
  readonly mostEntries: number
  /** The number of bits of a tag that name its segment. */
  readonly segmentBits: number
  readonly segments: (Segment | undefined)[]
  /** Keys by their number. A number is never used again: what it verified must not become another key's. */
  readonly keys: (K | undefined)[]
}

const noTable: Table = { words: new Int32Array(0), used: 0, size: 0 }

/**
 * Makes a memory of digests within these bounds, in two generations for each part of it: a full generation becomes
 * the second one, and the second is dropped with all that nobody asked for since.
 *
 * A text is looked for by a few characters of its tail, which cost nothing to compare; its digest (the first 128 bits of
 * SHA-256 over a secret of this memory and the whole text) is computed where these are known. Only what was verified
 * is written here, so nobody can fill a table, or make its look-ups long, without the signatures of a key.
 * Source: FIPS 180-4.
 */
export function createDigestMemory<K extends { readonly isRetired: boolean }>({
  maximumEntries = Number.POSITIVE_INFINITY,
  maximumBytes,
}: DigestMemoryBounds): DigestMemory<K> {
  const most = Math.min(maximumEntries, Math.floor(maximumBytes / bytesOfDigest)) / 2
  const segmentBits = Math.max(0, Math.ceil(Math.log2(most / mostInTable)))
  const context: DigestContext<K> = {
    secret: randomBytes(32).toString('base64url'),
    mostEntries: Math.floor(most / 2 ** segmentBits),
    segmentBits,
    segments: new Array<Segment | undefined>(2 ** segmentBits).fill(undefined),
    keys: [undefined],
  }
  return {
    find: (tail, text) => findKey(context, tail, text),
    add(tail, text, key) {
      if (context.mostEntries === 0) return
      const tag = tagOf(tail)
      insert(context, segmentOf(context, tag), tag, digestOf(context.secret, text), numberOf(context, key))
    },
    clear() {
      context.segments.fill(undefined)
      context.keys.length = 1
    },
    get size() {
      return context.segments.reduce(
        (sum, segment) => sum + (segment === undefined ? 0 : segment.young.size + segment.old.size),
        0,
      )
    },
  }
}

/** A number of 32 bits from the end of a tail, which no two texts are likely to share. */
function tagOf(tail: string): number {
  let tag = tail.length
  for (let at = Math.max(0, tail.length - 12); at < tail.length; at += 1) {
    tag = Math.imul(tag ^ tail.charCodeAt(at), 0x01000193)
  }
  tag = Math.imul(tag ^ (tag >>> 16), 0x85ebca6b)
  tag = Math.imul(tag ^ (tag >>> 13), 0xc2b2ae35)
  return tag ^ (tag >>> 16)
}

/** The digest that was computed last. */
const digestWords = new Int32Array(4)

/** The digest of a text, in words that the next call overwrites. */
function digestOf(secret: string, text: string): Int32Array {
  // As UTF-8: a text that is not ASCII never has the octets of one that is.
  const octets = hash('sha256', secret + text, 'binary')
  for (let word = 0; word < 4; word += 1) {
    const at = word * 4
    digestWords[word] =
      octets.charCodeAt(at) |
      (octets.charCodeAt(at + 1) << 8) |
      (octets.charCodeAt(at + 2) << 16) |
      (octets.charCodeAt(at + 3) << 24)
  }
  return digestWords
}

function segmentIndex({ segmentBits }: { readonly segmentBits: number }, tag: number): number {
  return segmentBits === 0 ? 0 : tag >>> (32 - segmentBits)
}

function segmentOf<K>(context: DigestContext<K>, tag: number): Segment {
  const index = segmentIndex(context, tag)
  const known = context.segments[index]
  if (known !== undefined) return known
  const segment = { young: noTable, old: noTable }
  context.segments[index] = segment
  return segment
}

function findKey<K extends { readonly isRetired: boolean }>(
  context: DigestContext<K>,
  tail: string,
  text: string,
): K | undefined {
  const tag = tagOf(tail)
  const segment = context.segments[segmentIndex(context, tag)]
  if (segment === undefined) return undefined
  const { young, old } = segment
  const isYoung = hasTag(young, tag)
  if (!isYoung && !hasTag(old, tag)) return undefined
  const digest = digestOf(context.secret, text)
  const known = isYoung ? findSlot(young, tag, digest) : -1
  const at = known === -1 ? findSlot(old, tag, digest) : known
  if (at === -1) return undefined
  const number = (known === -1 ? old : young).words[at + 1] ?? 0
  if (known === -1) {
    old.words[at + 1] = moved
    old.size -= 1
    insert(context, segment, tag, digest, number)
  }
  const key = context.keys[number]
  return key === undefined || key.isRetired ? undefined : key
}

/** Whether a table may hold a text with that tag. */
function hasTag({ words, size }: Table, tag: number): boolean {
  if (size === 0) return false
  const slots = words.length / wordsOfSlot
  for (let slot = tag & (slots - 1); ; slot = (slot + 1) & (slots - 1)) {
    const at = slot * wordsOfSlot
    if (words[at + 1] === 0) return false
    if (words[at] === tag && words[at + 1] !== moved) return true
  }
}

/** Where in a table the text with that digest lies; -1: nowhere. */
function findSlot({ words, size }: Table, tag: number, digest: Int32Array): number {
  if (size === 0) return -1
  const slots = words.length / wordsOfSlot
  for (let slot = tag & (slots - 1); ; slot = (slot + 1) & (slots - 1)) {
    const at = slot * wordsOfSlot
    if (words[at + 1] === 0) return -1
    if (words[at] === tag && words[at + 1] !== moved && isDigest(words, at + 2, digest)) return at
  }
}

function isDigest(words: Int32Array, at: number, digest: Int32Array): boolean {
  return (
    words[at] === digest[0] &&
    words[at + 1] === digest[1] &&
    words[at + 2] === digest[2] &&
    words[at + 3] === digest[3]
  )
}

/** Writes a text into the young generation of its segment. */
function insert<K>(
  { mostEntries }: DigestContext<K>,
  segment: Segment,
  tag: number,
  digest: Int32Array,
  number: number,
): void {
  if (segment.young.size >= mostEntries) {
    segment.old = segment.young
    segment.young = noTable
  }
  let { young } = segment
  const known = findSlot(young, tag, digest)
  if (known !== -1) {
    // Verified anew, by a key that has been published again.
    young.words[known + 1] = number
    return
  }
  if (young.used + 1 > (young.words.length / wordsOfSlot) * fullest) {
    young = enlarged(young)
    segment.young = young
  }
  const at = freeSlot(young.words, tag)
  young.words[at] = tag
  young.words[at + 1] = number
  young.words.set(digest, at + 2)
  young.used += 1
  young.size += 1
}

function freeSlot(words: Int32Array, tag: number): number {
  const slots = words.length / wordsOfSlot
  let slot = tag & (slots - 1)
  while (words[slot * wordsOfSlot + 1] !== 0) slot = (slot + 1) & (slots - 1)
  return slot * wordsOfSlot
}

/** The same texts in a table with twice the slots. */
function enlarged({ words, used, size }: Table): Table {
  const larger = new Int32Array(Math.max(firstSlots * wordsOfSlot, words.length * 2))
  for (let at = 0; at < words.length; at += wordsOfSlot) {
    if (words[at + 1] !== 0)
      larger.set(words.subarray(at, at + wordsOfSlot), freeSlot(larger, words[at] ?? 0))
  }
  return { words: larger, used, size }
}

/** The number of a key. The keys that have left the set are forgotten, their numbers stay taken. */
function numberOf<K extends { readonly isRetired: boolean }>({ keys }: DigestContext<K>, key: K): number {
  const known = keys.indexOf(key)
  if (known !== -1) return known
  for (let number = 0; number < keys.length; number += 1) {
    if (keys[number]?.isRetired) keys[number] = undefined
  }
  return keys.push(key) - 1
}
