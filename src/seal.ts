/** @module Sealed values: what leaves the process (cookies, stores) and must neither be read nor made by others. */
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto'
import { CitizenSessionError, newerFormat } from './errors.js'

const version = 1
/** The first byte of what later releases will seal, by more releases than there will be. Any other was sealed by nobody. */
const lastVersion = 15
const nonceLength = 12
const tagLength = 16

/**
 * Bytes of UTF-8 that are sealed at most: 112 KiB. Three tokens of a token endpoint, 32 KiB each, and what is said
 * beside them. What can be sealed can be opened: the same limit holds for both.
 */
export const maximumSealableBytes = 112 * 1024
const longestSealed = Math.ceil(((1 + nonceLength + maximumSealableBytes + tagLength) * 4) / 3)

/** Seals and opens texts for one application. */
export interface Sealer {
  /**
   * Seals `text` for one purpose and place (a cookie's name, a record's address): elsewhere it does not open.
   * The answer is base64url.
   * @throws CitizenSessionError `sealed-value` for a text of more than {@link maximumSealableBytes}.
   */
  seal(purpose: string, place: string, text: string): string
  /**
   * The text, or `undefined` for anything that was not sealed by this application for this purpose and place.
   * @throws StoreUnavailableError `store-format` for what a newer release has sealed: nobody can tell what it says.
   */
  open(purpose: string, place: string, sealed: string): string | undefined
}

/**
 * Makes a sealer: AES-256-GCM under a key of its own for each purpose, derived by HKDF-SHA-256 from the
 * application's secrets. The newest secret seals, every secret opens.
 * Source: NIST SP 800-38D; RFC 5869.
 */
export function createSealer(options: {
  readonly application: string
  /** Newest first. */
  readonly secrets: readonly string[]
  readonly random: (bytes: number) => Uint8Array
}): Sealer {
  const derived = new Map<string, readonly Buffer[]>()

  const keysFor = (purpose: string): readonly Buffer[] => {
    const known = derived.get(purpose)
    if (known !== undefined) return known
    const info = `citizen-session ${version} ${options.application} ${purpose}`
    const keys = options.secrets.map((secret) => Buffer.from(hkdfSync('sha256', secret, '', info, 32)))
    derived.set(purpose, keys)
    return keys
  }

  return {
    seal(purpose, place, text) {
      const nonce = options.random(nonceLength)
      const [key] = keysFor(purpose)
      if (key === undefined) throw new TypeError('a sealer needs a secret')
      if (Buffer.byteLength(text) > maximumSealableBytes) {
        throw new CitizenSessionError('sealed-value', `at most ${maximumSealableBytes} bytes can be sealed`)
      }
      const cipher = createCipheriv('aes-256-gcm', key, nonce)
      cipher.setAAD(Buffer.from(place))
      const body = Buffer.concat([
        Buffer.of(version),
        nonce,
        cipher.update(text, 'utf8'),
        cipher.final(),
        cipher.getAuthTag(),
      ])
      return body.toString('base64url')
    },

    open(purpose, place, sealed) {
      if (sealed.length > longestSealed) return undefined
      const bytes = Buffer.from(sealed, 'base64url')
      const [first = 0] = bytes
      if (first < version || first > lastVersion || bytes.length < 1 + nonceLength + tagLength)
        return undefined
      if (first > version) throw newerFormat(`what is sealed for ${purpose}`)
      const nonce = bytes.subarray(1, 1 + nonceLength)
      const body = bytes.subarray(1 + nonceLength, bytes.length - tagLength)
      const tag = bytes.subarray(bytes.length - tagLength)
      for (const key of keysFor(purpose)) {
        const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagLength })
        decipher.setAAD(Buffer.from(place))
        decipher.setAuthTag(tag)
        try {
          return decipher.update(body, undefined, 'utf8') + decipher.final('utf8')
        } catch {
          // Sealed with another secret, or by nobody: try the next one.
        }
      }
      return undefined
    },
  }
}
