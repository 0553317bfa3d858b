/** @module Reads cookies from the raw `Cookie` header, where duplicates are still to be seen. */

/** A `Cookie` header longer than this is not read at all: 16 KiB. */
export const maximumHeaderLength = 16_384

/** Whether nothing of a `Cookie` header is read, for its length: what it names is not known. */
export function isTooLarge(header: string | undefined): boolean {
  return header !== undefined && header.length > maximumHeaderLength
}

/** Names of the cookies that every request is looked through for. */
export interface ScannedNames {
  readonly header: string
  readonly payload: string
  readonly signature: string
  readonly hint: string
}

/** Finds the wanted cookies in a raw `Cookie` header. */
export type CookieScanner = (cookieHeader: string) => ScannedCookies

/** Every value received for each part of the shared cookie, in the order of the header. */
export interface DuplicateValues {
  readonly header: string[]
  readonly payload: string[]
  readonly signature: string[]
}

/** What one pass over the header found. Values are as received: nothing is decoded but surrounding quotes. */
export interface ScannedCookies {
  /** The first value of that name, like those below. */
  readonly header: string | undefined
  readonly payload: string | undefined
  readonly signature: string | undefined
  readonly hint: string | undefined
  /** There only if a part of the shared cookie came more than once, equal or not. */
  readonly duplicates: DuplicateValues | undefined
  /** The header is longer than {@link maximumHeaderLength}; nothing in it was read. */
  readonly oversized: boolean
}

const nothing: ScannedCookies = Object.freeze({
  header: undefined,
  payload: undefined,
  signature: undefined,
  hint: undefined,
  duplicates: undefined,
  oversized: false,
})
const tooMuch: ScannedCookies = Object.freeze({ ...nothing, oversized: true })

const horizontalTab = 0x09
const space = 0x20
const doubleQuote = 0x22

function skipBlanks(text: string, from: number, end: number): number {
  let at = from
  while (at < end) {
    const code = text.charCodeAt(at)
    if (code !== space && code !== horizontalTab) break
    at += 1
  }
  return at
}

/** The value between two places: blanks around it trimmed, one pair of quotes removed (RFC 6265bis, 4.1.1). */
function readValue(text: string, from: number, to: number): string {
  let start = skipBlanks(text, from, to)
  let end = to
  while (end > start) {
    const code = text.charCodeAt(end - 1)
    if (code !== space && code !== horizontalTab) break
    end -= 1
  }
  if (
    end - start >= 2 &&
    text.charCodeAt(start) === doubleQuote &&
    text.charCodeAt(end - 1) === doubleQuote
  ) {
    start += 1
    end -= 1
  }
  return text.slice(start, end)
}

/**
 * Makes the function that finds the wanted cookies in one pass over the header. Names are compared exactly and with
 * their case: a look-alike such as `__hOsT-x` is another name (`CK-03`).
 * Source: RFC 6265bis, section 4.2.
 */
export function createCookieScanner(names: ScannedNames): CookieScanner {
  const { header: headerName, payload: payloadName, signature: signatureName, hint: hintName } = names

  return (text) => {
    const length = text.length
    if (length === 0) return nothing
    if (length > maximumHeaderLength) return tooMuch
    let header: string | undefined
    let payload: string | undefined
    let signature: string | undefined
    let hint: string | undefined
    let isDuplicated = false
    let equals = -1
    for (let start = 0; start < length; ) {
      let end = text.indexOf(';', start)
      if (end === -1) end = length
      // Each `=` is looked for once, or a header full of `;` would cost its square.
      if (equals < start) equals = text.indexOf('=', start)
      if (equals === -1) break
      if (equals < end) {
        const from = skipBlanks(text, start, equals)
        const size = equals - from
        if (size === headerName.length && text.startsWith(headerName, from)) {
          if (header === undefined) header = readValue(text, equals + 1, end)
          else isDuplicated = true
        } else if (size === payloadName.length && text.startsWith(payloadName, from)) {
          if (payload === undefined) payload = readValue(text, equals + 1, end)
          else isDuplicated = true
        } else if (size === signatureName.length && text.startsWith(signatureName, from)) {
          if (signature === undefined) signature = readValue(text, equals + 1, end)
          else isDuplicated = true
        } else if (size === hintName.length && hint === undefined && text.startsWith(hintName, from)) {
          hint = readValue(text, equals + 1, end)
        }
      }
      start = end + 1
    }
    const duplicates = isDuplicated
      ? {
          header: readCookies(text, headerName),
          payload: readCookies(text, payloadName),
          signature: readCookies(text, signatureName),
        }
      : undefined
    return { header, payload, signature, hint, duplicates, oversized: false }
  }
}

/** One cookie as the browser sent it. */
export interface ReceivedCookie {
  readonly name: string
  readonly value: string
}

function readAll(text: string, isWanted: (name: string) => boolean): ReceivedCookie[] {
  const found: ReceivedCookie[] = []
  if (text.length > maximumHeaderLength) return found
  for (const pair of text.split(';')) {
    const equals = pair.indexOf('=')
    if (equals === -1) continue
    const name = pair.slice(skipBlanks(pair, 0, equals), equals)
    if (isWanted(name)) found.push({ name, value: readValue(pair, equals + 1, pair.length) })
  }
  return found
}

/** Every value of the cookie of that very name, in the order of the header; none from an oversized header. */
export function readCookies(cookieHeader: string, name: string): string[] {
  return readAll(cookieHeader, (candidate) => candidate === name).map((cookie) => cookie.value)
}

/** Every cookie whose name begins with `prefix`, in the order of the header; none from an oversized header. */
export function listCookies(cookieHeader: string, prefix: string): ReceivedCookie[] {
  return readAll(cookieHeader, (name) => name.startsWith(prefix))
}
