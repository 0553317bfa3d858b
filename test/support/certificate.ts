/** @module A self-signed TLS certificate for tests, made with nothing but Node. */
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'

/** A key with its certificate, both PEM. */
export interface TestCertificate {
  readonly key: string
  readonly certificate: string
}

/**
 * Makes a P-256 key and a certificate for the names, valid from an hour ago for a day.
 * Source: RFC 5280, section 4.1.
 */
export function createCertificate(names: readonly string[], now = Date.now()): TestCertificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const subjectPublicKey = publicKey.export({ type: 'spki', format: 'der' })
  const ecdsaWithSha256 = sequence(tagged(0x06, Buffer.from('2a8648ce3d040302', 'hex')))
  const name = sequence(
    tagged(0x31, sequence(objectId('550403'), tagged(0x0c, Buffer.from(names[0] ?? 'test')))),
  )
  const validity = sequence(generalizedTime(now - 3_600_000), generalizedTime(now + 86_400_000))
  const alternativeNames = sequence(...names.map((each) => tagged(0x82, Buffer.from(each))))
  const keyIdentifier = createHash('sha1').update(subjectPublicKey).digest()
  const extensions = sequence(
    extension('551d11', alternativeNames),
    extension('551d13', sequence(tagged(0x01, Buffer.from([0xff])))),
    extension('551d0e', tagged(0x04, keyIdentifier)),
  )
  const toBeSigned = sequence(
    tagged(0xa0, tagged(0x02, Buffer.from([2]))),
    tagged(0x02, Buffer.concat([Buffer.from([0x01]), randomBytes(15)])),
    ecdsaWithSha256,
    name,
    validity,
    name,
    subjectPublicKey,
    tagged(0xa3, extensions),
  )
  const signature = sign('sha256', toBeSigned, privateKey)
  const certificate = sequence(
    toBeSigned,
    ecdsaWithSha256,
    tagged(0x03, Buffer.concat([Buffer.from([0]), signature])),
  )
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificate: `-----BEGIN CERTIFICATE-----\n${(certificate.toString('base64').match(/.{1,64}/g) ?? []).join('\n')}\n-----END CERTIFICATE-----\n`,
  }
}

function tagged(tag: number, content: Buffer): Buffer {
  const size = content.length
  const length = size < 128 ? [size] : size < 256 ? [0x81, size] : [0x82, size >> 8, size & 0xff]
  return Buffer.concat([Buffer.from([tag, ...length]), content])
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(parts))
}

function objectId(hex: string): Buffer {
  return tagged(0x06, Buffer.from(hex, 'hex'))
}

function extension(id: string, value: Buffer): Buffer {
  return sequence(objectId(id), tagged(0x04, value))
}

function generalizedTime(milliseconds: number): Buffer {
  const text = new Date(milliseconds).toISOString().replace(/[-:T]|\.\d+/g, '')
  return tagged(0x18, Buffer.from(text))
}
