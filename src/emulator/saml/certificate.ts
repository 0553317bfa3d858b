/** @module Self-signed X.509 certificates: the few lines of DER that Node's crypto does not write. */
import { createSign, type KeyObject } from 'node:crypto'
import type { Random } from '../random.js'

/** What a certificate says. Times are milliseconds since the epoch, kept to the second. */
export interface CertificateParts {
  readonly commonName: string
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
  readonly notBefore: number
  readonly notAfter: number
  readonly random: Random
}

const tags = {
  integer: 0x02,
  bitString: 0x03,
  nothing: 0x05,
  identifier: 0x06,
  utf8: 0x0c,
  time: 0x17,
  longTime: 0x18,
}
const sequence = 0x30
const set = 0x31

/** One value: tag, length, content. Source: ITU-T X.690, sections 8.1 and 10.1. */
function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents)
  if (content.length < 128) return Buffer.concat([Buffer.from([tag, content.length]), content])
  const digits = content.length.toString(16)
  const length = Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex')
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length]), length, content])
}

/** Dates through 2049 have two digits of the year. Source: RFC 5280, section 4.1.2.5. */
function derTime(milliseconds: number): Buffer {
  const digits = `${new Date(milliseconds).toISOString().replace(/[-:T]|\..*/g, '')}Z`
  const isShort = new Date(milliseconds).getUTCFullYear() < 2050
  return der(isShort ? tags.time : tags.longTime, Buffer.from(isShort ? digits.slice(2) : digits))
}

/** `sha256WithRSAEncryption`, 1.2.840.113549.1.1.11. Source: RFC 4055, section 5. */
const sha256WithRsa = der(
  sequence,
  der(tags.identifier, Buffer.from('2a864886f70d01010b', 'hex')),
  der(tags.nothing),
)

/** Makes a self-signed RSA certificate, version 1, as PEM. Source: RFC 5280, section 4.1. */
export function selfSignedCertificate(parts: CertificateParts): string {
  const serial = Buffer.from(parts.random(16))
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40
  const commonName = der(tags.identifier, Buffer.from('550403', 'hex'))
  const name = der(
    sequence,
    der(set, der(sequence, commonName, der(tags.utf8, Buffer.from(parts.commonName)))),
  )
  const body = der(
    sequence,
    der(tags.integer, serial),
    sha256WithRsa,
    name,
    der(sequence, derTime(parts.notBefore), derTime(parts.notAfter)),
    name,
    parts.publicKey.export({ type: 'spki', format: 'der' }),
  )
  const signature = createSign('sha256').update(body).sign(parts.privateKey)
  const certificate = der(
    sequence,
    body,
    sha256WithRsa,
    der(tags.bitString, Buffer.concat([Buffer.from([0]), signature])),
  )
  return toPem(certificate.toString('base64'))
}

/** The base64 between the lines of a PEM certificate; a bare base64 text stays as it is. */
export const certificateBody = (pem: string): string => pem.replace(/-----[^-]+-----|\s/g, '')

/** A certificate as PEM, from PEM or its bare base64. */
export const toPem = (text: string): string =>
  `-----BEGIN CERTIFICATE-----\n${(certificateBody(text).match(/.{1,64}/g) ?? []).join('\n')}\n-----END CERTIFICATE-----\n`
