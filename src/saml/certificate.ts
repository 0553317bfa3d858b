/** @module X.509 certificates as carriers of keys: their text in XML, their strength, their end. */
import { type KeyObject, X509Certificate } from 'node:crypto'
import { isStrongKey } from './algorithms.js'

/** A certificate with the public key in it. */
export interface Certificate {
  readonly publicKey: KeyObject
  /** Base64 of its DER, as KeyInfo and metadata carry it. */
  readonly base64: string
  /** Hexadecimal SHA-256 with colons, as an operator compares it. */
  readonly fingerprint: string
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
}

/**
 * Reads a certificate from PEM, or from the base64 of its DER; `undefined` for what is none, or holds a key that is too
 * weak (RSA below 2048 bits or with an exponent that proves nothing, other curves than NIST's).
 */
export function readCertificate(text: string): Certificate | undefined {
  const base64 = text.replace(/-----(?:BEGIN|END) CERTIFICATE-----/g, '').replace(/\s+/g, '')
  if (base64.length > 16_384 || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return undefined
  try {
    const certificate = new X509Certificate(Buffer.from(base64, 'base64'))
    const { publicKey } = certificate
    if (!isStrongKey(publicKey)) return undefined
    return {
      publicKey,
      base64: certificate.raw.toString('base64'),
      fingerprint: certificate.fingerprint256,
      expiresAt: Date.parse(certificate.validTo),
    }
  } catch {
    return undefined
  }
}
