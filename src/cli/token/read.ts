/** @module Finds tokens in what a person pastes: a token, its three parts, or a whole `Cookie` header. */
import { readFile } from 'node:fs/promises'
import { createCookieScanner } from '../../cookies/parse.js'
import { printable } from '../../printable.js'
import { combinations } from '../../shared-cookie/duplicates.js'
import { splitToken, type TokenParts } from '../../tokens/token-parts.js'
import { type Console, usageError } from '../command.js'
import { codeOf } from '../environment.js'

/** More is not read: 64 KiB. */
const maximumBytes = 65_536

/** Names of the three cookies. */
export interface CookieNames {
  readonly header: string
  readonly payload: string
  readonly signature: string
}

/** Standard input as text. @throws `usage` beyond 64 KiB, or without any */
export async function readInput({ input }: Console): Promise<string> {
  if (input === undefined) throw usageError('there is no standard input to read')
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of input) {
    length += chunk.byteLength
    if (length > maximumBytes) throw usageError('the input is longer than 64 KiB: that is no token')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** A file, or standard input for `-`. @throws `usage` */
export async function readSource(source: string, console: Console): Promise<string> {
  if (source === '-') return readInput(console)
  return readFile(source, 'utf8').catch((cause: unknown) => {
    throw usageError(`${source} cannot be read (${codeOf(cause)})`, cause)
  })
}

/**
 * The tokens in a text: one, unless a `Cookie` header carries a part more than once.
 * @throws `usage` where there is none; the message repeats names, never a value
 */
export function findTokens(text: string, names: CookieNames): readonly TokenParts[] {
  const trimmed = text.trim()
  if (trimmed === '') throw usageError('nothing was given: pass a token, three parts or a Cookie header')
  const header = /^(?:cookie:\s*)?([^\s=;]+=[\s\S]*)$/i.exec(trimmed)?.[1]
  if (header !== undefined) return findInCookies(header.replace(/[\r\n]+/g, '; '), names)
  const words = trimmed
    .replace(/^(?:authorization:\s*)?bearer\s+/i, '')
    .split(/[\s,]+/)
    .map((word) => word.replace(/^["']|["']$/g, ''))
  const [first = '', second, third] = words
  if (words.length === 3 && second !== undefined && third !== undefined) {
    return [{ header: first, payload: second, signature: third }]
  }
  const parts = words.length === 1 ? splitToken(first) : undefined
  if (parts === undefined) {
    throw usageError(
      'that is neither a token of three parts with dots, nor three values, nor a Cookie header',
    )
  }
  return [parts]
}

function findInCookies(text: string, names: CookieNames): readonly TokenParts[] {
  const scanned = createCookieScanner({ ...names, hint: '' })(text)
  if (scanned.oversized) throw usageError('the Cookie header is longer than 16 KiB: it is never read')
  const found = combinations(scanned)
  if (found === 'too-many') {
    throw usageError(
      'the cookies come so often that they make more than 8 tokens: no application decides then',
    )
  }
  if (found.length > 0) return found
  const missing = (['header', 'payload', 'signature'] as const).filter((part) => scanned[part] === undefined)
  const received = text.split(';').flatMap((pair) => /^\s*([^=\s]{1,64})=/.exec(pair)?.[1] ?? [])
  throw usageError(
    `the Cookie header lacks ${missing.map((part) => names[part]).join(', ')}; it has ${printable(received.join(', ')) || 'no name at all'}. Other names are set with CITIZEN_SHARED_COOKIE_NAMES_HEADER, _PAYLOAD and _SIGNATURE`,
  )
}
