/** @module Public keys as the key set shows them, built from a list of allowed members and from nothing else. */
import { createPublicKey, type KeyObject } from 'node:crypto'
import { CitizenSessionError } from '../errors.js'
import { encodingFaults } from '../tokens/jwk-encoding.js'
import { algorithmOf, type SigningAlgorithm } from './algorithms.js'

/** A public key of a key set. Source: RFC 7517, section 4; RFC 7518, section 6; RFC 8037, section 2. */
export type PublicJwk =
  | {
      readonly kty: 'RSA'
      readonly use: 'sig'
      readonly kid: string
      readonly alg: 'RS256'
      readonly n: string
      readonly e: string
    }
  | {
      readonly kty: 'EC'
      readonly use: 'sig'
      readonly kid: string
      readonly alg: 'ES256'
      readonly crv: 'P-256'
      readonly x: string
      readonly y: string
    }
  | {
      readonly kty: 'OKP'
      readonly use: 'sig'
      readonly kid: string
      readonly alg: 'EdDSA'
      readonly crv: 'Ed25519'
      readonly x: string
    }

const kidPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/

/** Whether a text can name a key: it becomes part of a file's name. */
export function isKid(text: unknown): text is string {
  return typeof text === 'string' && kidPattern.test(text) && !text.includes('..')
}

/** The public half of a key, private or public, under a `kid`. @throws CitizenSessionError `key-ring` */
export function toPublicJwk(key: KeyObject, kid: string): PublicJwk {
  const exported: Readonly<Record<string, unknown>> = {
    ...(key.type === 'private' ? createPublicKey(key) : key).export({ format: 'jwk' }),
  }
  return select(algorithmOf(key), kid, (name) => exported[name])
}

/**
 * A public key that was stored. Members that it should not have, private ones above all, are an error and not
 * dropped: what wrote them is not to be trusted. @throws CitizenSessionError `key-ring`
 */
export function parsePublicJwk(value: unknown): PublicJwk {
  if (typeof value !== 'object' || value === null) throw wrong()
  const given = new Map<string, unknown>(Object.entries(value))
  const alg = given.get('alg')
  const kid = given.get('kid')
  if ((alg !== 'RS256' && alg !== 'ES256' && alg !== 'EdDSA') || !isKid(kid)) throw wrong()
  const jwk = select(alg, kid, (name) => given.get(name))
  const expected = new Map<string, unknown>(Object.entries(jwk))
  const isSame = [...given].every(([name, member]) => expected.get(name) === member)
  if (!isSame || given.size !== expected.size) throw wrong()
  return jwk
}

/** The key itself. @throws CitizenSessionError `key-ring` for one that is too weak, or no key. */
export function toPublicKey(jwk: PublicJwk): KeyObject {
  let key: KeyObject
  try {
    key = createPublicKey({ key: { ...jwk }, format: 'jwk' })
  } catch {
    throw wrong()
  }
  if (algorithmOf(key) !== jwk.alg) throw wrong()
  return key
}

function select(alg: SigningAlgorithm, kid: string, member: (name: string) => unknown): PublicJwk {
  const jwk = membersOf(alg, kid, (name) => {
    const value = member(name)
    if (typeof value !== 'string') throw wrong()
    return value
  })
  // A leading zero byte or padding, which others write (Vivoldi's own sample has one), is never handed on.
  if (encodingFaults(jwk).length > 0) throw wrong()
  return jwk
}

function membersOf(alg: SigningAlgorithm, kid: string, text: (name: string) => string): PublicJwk {
  switch (alg) {
    case 'RS256':
      return { kty: 'RSA', use: 'sig', kid, alg, n: text('n'), e: text('e') }
    case 'ES256':
      return { kty: 'EC', use: 'sig', kid, alg, crv: 'P-256', x: text('x'), y: text('y') }
    case 'EdDSA':
      return { kty: 'OKP', use: 'sig', kid, alg, crv: 'Ed25519', x: text('x') }
  }
}

function wrong(): CitizenSessionError {
  return new CitizenSessionError(
    'key-ring',
    'a stored public key is not one that we write: keep each exactly as it was handed over',
  )
}
