/** @module The options of `saml({ … })`, as given and as resolved. */
import type { KeyObject } from 'node:crypto'
import type { Assertion } from './assertion.js'
import type { Certificate } from './certificate.js'
import type { Binding } from './metadata.js'

/** A key of ours with its certificate, both as PEM. */
export interface SamlKey {
  readonly privateKey: string
  readonly certificate: string
}

/** The options of `saml({ … })`. */
export interface SamlOptions extends SamlKey {
  /** Entity ID of the identity provider: the only one whose messages are taken. */
  readonly identityProvider: string
  readonly metadataUrl?: string | undefined
  readonly metadata?: string | undefined
  readonly metadataCertificates?: readonly string[] | undefined
  readonly endpointOrigins?: readonly string[] | undefined
  readonly entityId?: string | undefined
  readonly otherKeys?: readonly SamlKey[] | undefined
  readonly decryption?: boolean | undefined
  readonly signInBinding?: 'redirect' | 'post' | undefined
  readonly logoutBinding?: Binding | undefined
  readonly nameIdFormat?: string | undefined
  readonly requestedContexts?: readonly string[] | undefined
  readonly contextComparison?: 'exact' | 'minimum' | 'better' | 'maximum' | undefined
  readonly contextLevels?: Readonly<Record<string, number>> | undefined
  readonly claims?: ((assertion: Assertion) => Readonly<Record<string, unknown>>) | undefined
  readonly clockSkewSeconds?: number | undefined
  readonly messageSeconds?: number | undefined
  readonly timeoutSeconds?: number | undefined
  readonly polling?:
    | {
        readonly everySeconds?: number | undefined
        readonly keepSeconds?: number | undefined
        readonly warnSeconds?: number | undefined
      }
    | undefined
}

/** A key that is ready for use. */
export interface ResolvedSamlKey {
  readonly privateKey: KeyObject
  readonly certificate: Certificate
}

/** The options with every default filled in and every key read. */
export interface ResolvedSamlOptions {
  readonly identityProvider: string
  readonly metadataUrl: string | undefined
  readonly metadata: string | undefined
  readonly pinned: readonly KeyObject[]
  readonly endpointOrigins: readonly string[]
  readonly entityId: string | undefined
  /** The key that signs. */
  readonly key: ResolvedSamlKey
  /** All keys, the one that signs first. */
  readonly keys: readonly ResolvedSamlKey[]
  /** Whether our metadata names keys to encrypt for. */
  readonly invitesEncryption: boolean
  /** The keys that open what is encrypted for us. */
  readonly decryptionKeys: readonly KeyObject[]
  readonly signInBinding: 'redirect' | 'post' | undefined
  readonly logoutBinding: Binding | undefined
  readonly nameIdFormat: string | undefined
  readonly requestedContexts: readonly string[]
  readonly contextComparison: 'exact' | 'minimum' | 'better' | 'maximum'
  readonly contextLevels: Readonly<Record<string, number>>
  readonly claims: (assertion: Assertion) => Readonly<Record<string, unknown>>
  readonly clockSkewSeconds: number
  readonly messageSeconds: number
  readonly timeoutSeconds: number
  readonly polling: {
    readonly everySeconds: number
    readonly keepSeconds: number
    readonly warnSeconds: number
  }
}
