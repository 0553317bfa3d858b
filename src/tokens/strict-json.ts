/** @module Reads a part of a token as JSON, and refuses what two parsers could read differently. */

/** Objects and arrays may lie so deep in each other, and no deeper. */
export const maximumDepth = 16

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The bytes of canonical base64url: no padding, no blanks, no stray bits. Source: RFC 7515, section 2; `JWT-09`. */
export function decodeBase64url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? bytes : undefined
}

/** Whether a text that is known to be JSON names nothing twice, nests within bounds, and holds no `__proto__`. */
function isUnambiguous(json: string): boolean {
  const names: (Set<string> | undefined)[] = []
  let isName = false
  for (let at = 0; at < json.length; at += 1) {
    const character = json[at]
    if (character === '"') {
      const start = at
      for (at += 1; json[at] !== '"'; at += 1) if (json[at] === '\\') at += 1
      const open = names.at(-1)
      if (!isName || open === undefined) continue
      const name: unknown = JSON.parse(json.slice(start, at + 1))
      if (typeof name !== 'string' || name === '__proto__' || open.has(name)) return false
      open.add(name)
      isName = false
    } else if (character === '{' || character === '[') {
      if (names.length === maximumDepth) return false
      names.push(character === '{' ? new Set() : undefined)
      isName = character === '{'
    } else if (character === '}' || character === ']') {
      names.pop()
      isName = false
    } else if (character === ',') {
      isName = names.at(-1) !== undefined
    }
  }
  return true
}

function freezeDeep(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  for (const member of Object.values(value)) freezeDeep(member)
  Object.freeze(value)
}

/**
 * The JSON object that one part of a token encodes, frozen through and through, because requests share it.
 * @returns `undefined` unless the part is canonical base64url of UTF-8 of a JSON object without duplicate names.
 * Source: RFC 7519, section 4 and 7.2; `JWT-07`, `JWT-09`.
 */
export function parseStrictObject(part: string): Readonly<Record<string, unknown>> | undefined {
  const bytes = decodeBase64url(part)
  if (bytes === undefined) return undefined
  try {
    const text = decoder.decode(bytes)
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    if (!isUnambiguous(text)) return undefined
    freezeDeep(value)
    return value as Record<string, unknown>
  } catch {
    return undefined
  }
}
