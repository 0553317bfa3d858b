/** @module How RFC 7518 writes the numbers of a public key: where others write them otherwise, and the one right way. */

/** A key as it was published, unchecked. */
type Jwk = Readonly<Record<string, unknown>>

/** Octets of a coordinate, or of a whole public key. Source: RFC 7518, section 6.2.1.2; RFC 8037, section 2. */
const octetsOf: Readonly<Record<string, number>> = {
  'P-256': 32,
  'P-384': 48,
  'P-521': 66,
  Ed25519: 32,
  Ed448: 57,
}

/** The members that hold octets, by `kty`. */
const membersOf: Readonly<Record<string, readonly string[]>> = { RSA: ['n', 'e'], EC: ['x', 'y'], OKP: ['x'] }

/**
 * What is wrong with how a public key is written, though it can be read: a line each, empty if nothing. Such keys are
 * taken from others, and never written by us. What is no key at all has no faults here.
 * Source: RFC 7515, section 2; RFC 7518, sections 2, 6.2.1.2 and 6.3.1.1; RFC 8037, section 2.
 */
export function encodingFaults(jwk: Jwk): readonly string[] {
  return textsOf(jwk).flatMap(([name, text]) => {
    const fault = faultOf(jwk, text)
    return fault === undefined ? [] : [`${name} ${fault}`]
  })
}

/** The numbers of a public key as RFC 7518 writes them, so that one key in two spellings is seen to be one. */
export function canonicalNumbers(jwk: Jwk): Readonly<Record<string, string>> {
  const canonical = textsOf(jwk).map(([name, text]) => [name, canonicalText(jwk, text)])
  return Object.fromEntries(canonical)
}

function textsOf(jwk: Jwk): readonly (readonly [string, string])[] {
  const { kty } = jwk
  const names = typeof kty === 'string' && Object.hasOwn(membersOf, kty) ? membersOf[kty] : undefined
  return (names ?? []).flatMap((name) => {
    const text = jwk[name]
    return typeof text === 'string' ? [[name, text] as const] : []
  })
}

function faultOf(jwk: Jwk, text: string): string | undefined {
  if (/=+$/.test(text)) return 'ends in padding (=)'
  if (!/^[A-Za-z0-9_-]+$/.test(text)) return 'is not base64url: it has other characters'
  const octets = Buffer.from(text, 'base64url')
  if (octets.toString('base64url') !== text) return 'has stray bits at its end'
  if (jwk.kty === 'RSA') return octets[0] === 0 ? 'begins with a zero byte' : undefined
  const wanted = lengthOf(jwk)
  return wanted === undefined || octets.length === wanted
    ? undefined
    : `has ${octets.length} bytes instead of ${wanted}`
}

function canonicalText(jwk: Jwk, text: string): string {
  const octets = Buffer.from(text, 'base64url')
  if (jwk.kty === 'OKP') return octets.toString('base64url')
  const first = octets.findIndex((octet) => octet !== 0)
  const number = first === -1 ? octets.subarray(0, 0) : octets.subarray(first)
  const missing = jwk.kty === 'EC' ? Math.max(0, (lengthOf(jwk) ?? 0) - number.length) : 0
  return Buffer.concat([Buffer.alloc(missing), number]).toString('base64url')
}

function lengthOf({ crv }: Jwk): number | undefined {
  return typeof crv === 'string' && Object.hasOwn(octetsOf, crv) ? octetsOf[crv] : undefined
}
