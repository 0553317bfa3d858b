/** @module The signing keys of the SAML identity provider, with their certificates, and the roll-over. */
import { generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import type { Random } from '../random.js'
import { selfSignedCertificate } from './certificate.js'

/** A key with its certificate. */
export interface SamlKey {
  readonly privateKey: KeyObject
  /** PEM. */
  readonly certificate: string
}

/** What a step of a roll-over has done. */
export type RollOverStep = 'published' | 'switched' | 'dropped'

/** The keys of the identity provider. */
export interface SamlKeys {
  /** The key that signs. */
  readonly active: SamlKey
  /** A key that is published nowhere. */
  stranger(): Promise<SamlKey>
  /** Certificates of the metadata, the active one first. */
  published(): readonly string[]
  /** The next step: publishes the next key, then signs with it, then drops the old one. */
  rollOver(): Promise<RollOverStep>
}

/** What {@link createSamlKeys} needs. */
export interface SamlKeysOptions {
  readonly now: () => number
  readonly random: Random
  readonly commonName: () => string
  readonly certificateSeconds: number
}

const generate = promisify(generateKeyPair)

/** Makes the first key. */
export async function createSamlKeys(options: SamlKeysOptions): Promise<SamlKeys> {
  async function create(): Promise<SamlKey> {
    const pair = await generate('rsa', { modulusLength: 2048 })
    const notBefore = options.now()
    const certificate = selfSignedCertificate({
      ...pair,
      commonName: options.commonName(),
      // A day's grace for clocks that are behind.
      notBefore: notBefore - 86_400_000,
      notAfter: notBefore + options.certificateSeconds * 1000,
      random: options.random,
    })
    return { privateKey: pair.privateKey, certificate }
  }
  let active = await create()
  let next: SamlKey | undefined
  let previous: SamlKey | undefined
  let stranger: SamlKey | undefined
  return {
    get active() {
      return active
    },
    async stranger() {
      stranger ??= await create()
      return stranger
    },
    published: () => [active, next, previous].flatMap((key) => (key ? [key.certificate] : [])),
    async rollOver() {
      if (previous) {
        previous = undefined
        return 'dropped'
      }
      if (!next) {
        next = await create()
        return 'published'
      }
      previous = active
      active = next
      next = undefined
      return 'switched'
    },
  }
}
