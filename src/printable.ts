/** @module Texts of strangers, made fit to be printed: cut, spelt out, in quotes. */

/** What of a stranger's text is shown at most, in characters. */
const mostCharacters = 100

/**
 * The text with control characters, and characters that turn the direction of writing, spelt out: names and claims
 * come from outside, and a terminal obeys what it is sent.
 */
export function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/**
 * A value of a stranger's as a text: one that is none as JSON. `String` goes by what an object says of itself, and fails
 * where that is nonsense, or nests too deep.
 */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  try {
    return JSON.stringify(value) ?? 'nothing'
  } catch {
    return 'something that nests too deep'
  }
}

/** The first 100 characters of a text, printable. */
export function excerpt(text: string): string {
  return text.length > mostCharacters ? `${printable(text.slice(0, mostCharacters))}…` : printable(text)
}

/** An excerpt in quotes that the text itself cannot close. */
export function quote(text: string): string {
  // A backslash of the text that stands before a quote, or at the end, is no escape of ours: it is doubled.
  return `"${excerpt(text).replace(/(\\*)("|$)/g, (_, slashes, end) => slashes + slashes + (end && '\\"'))}"`
}
