/** @module Reads a part of a token as JSON, and refuses what two parsers could read differently. */
import { isUtf8 } from 'node:buffer'

/** Objects and arrays may lie so deep in each other, and no deeper. */
export const maximumDepth = 16

/** The bytes of canonical base64url: no padding, no blanks, no stray bits. Source: RFC 7515, section 2; `JWT-09`. */
export function decodeBase64url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? bytes : undefined
}

const quote = 0x22
const comma = 0x2c
const openBracket = 0x5b
const backslash = 0x5c
const closeBracket = 0x5d
const openBrace = 0x7b
const closeBrace = 0x7d

/** Where the string that begins at `start` ends: the place of its closing quote. */
function findStringEnd(json: string, start: number): number {
  let end = json.indexOf('"', start + 1)
  while (json.charCodeAt(end - 1) === backslash) {
    // A quote is escaped by an odd number of backslashes before it.
    let first = end - 1
    while (json.charCodeAt(first - 1) === backslash) first -= 1
    if ((end - first) % 2 === 0) break
    end = json.indexOf('"', end + 1)
  }
  return end
}

function readName(json: string, start: number, end: number): string {
  const name = json.slice(start + 1, end)
  return name.includes('\\') ? String(JSON.parse(json.slice(start, end + 1))) : name
}

/** Whether a text that is known to be JSON names nothing twice, nests within bounds, and holds no `__proto__`. */
function isUnambiguous(json: string): boolean {
  const open: (Set<string> | undefined)[] = []
  let names: Set<string> | undefined
  let isName = false
  for (let at = 0; at < json.length; at += 1) {
    const code = json.charCodeAt(at)
    if (code === quote) {
      const end = findStringEnd(json, at)
      if (isName && names !== undefined) {
        const name = readName(json, at, end)
        if (name === '__proto__' || names.has(name)) return false
        names.add(name)
        isName = false
      }
      at = end
    } else if (code === openBrace || code === openBracket) {
      if (open.length === maximumDepth) return false
      names = code === openBrace ? new Set() : undefined
      open.push(names)
      isName = names !== undefined
    } else if (code === closeBrace || code === closeBracket) {
      open.pop()
      names = open.at(-1)
      isName = false
    } else if (code === comma) {
      isName = names !== undefined
    }
  }
  return true
}

function freezeDeep(value: object): void {
  for (const name in value) {
    const member: unknown = (value as Record<string, unknown>)[name]
    if (typeof member === 'object' && member !== null) freezeDeep(member)
  }
  Object.freeze(value)
}

/**
 * The JSON object that one part of a token encodes, frozen through and through, because requests share it.
 * @returns `undefined` unless the part is canonical base64url of UTF-8 of a JSON object without duplicate names.
 * Source: RFC 7519, section 4 and 7.2; `JWT-07`, `JWT-09`.
 */
export function parseStrictObject(part: string): Readonly<Record<string, unknown>> | undefined {
  const bytes = decodeBase64url(part)
  if (bytes === undefined || !isUtf8(bytes)) return undefined
  try {
    const text = bytes.toString('utf8')
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    if (!isUnambiguous(text)) return undefined
    freezeDeep(value)
    return value as Record<string, unknown>
  } catch {
    return undefined
  }
}
