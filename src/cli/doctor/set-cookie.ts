/** @module Reads a `Set-Cookie` line as a browser does. */
import { type ProbeAnswer, ProbeError } from '../probe.js'

/** A cookie as somebody set it. */
export interface SeenCookie {
  readonly name: string
  readonly value: string
  /** Lower case, without a dot before it; `undefined`: host-only. */
  readonly domain: string | undefined
  readonly path: string | undefined
  readonly sameSite: string | undefined
  readonly isSecure: boolean
  readonly isHttpOnly: boolean
  /** It ends at once: the cookie is deleted. */
  readonly isDeletion: boolean
  /** It outlives the browser. */
  readonly isPersistent: boolean
}

/** Reads one line; `undefined` without a name. Of an attribute that comes twice the last counts. RFC 6265bis, 5.6. */
export function parseSetCookie(line: string, now: number): SeenCookie | undefined {
  const [pair = '', ...rest] = line.split(';')
  const equals = pair.indexOf('=')
  const name = pair.slice(0, Math.max(equals, 0)).trim()
  if (name === '') return undefined
  const attributes = new Map<string, string>()
  for (const part of rest) {
    const at = part.indexOf('=')
    const key = (at === -1 ? part : part.slice(0, at)).trim().toLowerCase()
    attributes.set(key, at === -1 ? '' : part.slice(at + 1).trim())
  }
  const age = attributes.get('max-age')
  const expires = Date.parse(attributes.get('expires') ?? '')
  const endsAt =
    age !== undefined && /^-?\d+$/.test(age)
      ? now + Number(age) * 1000
      : Number.isNaN(expires)
        ? undefined
        : expires
  const domain = attributes.get('domain')?.replace(/^\./, '').toLowerCase()
  return {
    name,
    value: pair.slice(equals + 1).trim(),
    domain: domain === '' ? undefined : domain,
    path: attributes.get('path'),
    sameSite: attributes.get('samesite')?.toLowerCase(),
    isSecure: attributes.has('secure'),
    isHttpOnly: attributes.has('httponly'),
    isDeletion: endsAt !== undefined && endsAt <= now,
    isPersistent: endsAt !== undefined && endsAt > now,
  }
}

/** Every cookie that an answer sets; none where no answer came. */
export function cookiesOf(answer: ProbeAnswer | ProbeError): readonly SeenCookie[] {
  if (answer instanceof ProbeError) return []
  return answer.setCookies.flatMap((line) => parseSetCookie(line, answer.at) ?? [])
}
