/** @module What an operator hears of the provider's metadata before or when something runs out, once for each cause. */
import type { IdentityProviderMetadata } from './metadata.js'
import { quote, type SamlMetadataError } from './saml-error.js'

/** What an operator must hear before or when something runs out. */
export interface MetadataWarning {
  readonly code:
    | 'saml-certificate-expires'
    | 'saml-certificate-expired'
    | 'saml-metadata-expires'
    | 'saml-metadata-unavailable'
    | 'saml-logout-address'
  readonly message: string
}

/** The warnings of one source. */
export interface MetadataWarnings {
  /** Warns of what ends within the horizon. `isOwed`: a newer document should have come. */
  lookAhead(metadata: IdentityProviderMetadata, isOwed: boolean): void
  unavailable(error: SamlMetadataError): void
  /** A document has come: the next failure is a new one. */
  available(): void
}

/** Makes the warnings. */
export function createMetadataWarnings(options: {
  readonly clock: () => number
  /** How long before an end the warning comes. */
  readonly warnSeconds: number
  readonly warn: (warning: MetadataWarning) => void
}): MetadataWarnings {
  const { clock } = options
  const warned = new Set<string>()

  const warnOnce = (key: string, warning: MetadataWarning): void => {
    if (warned.has(key)) return
    warned.add(key)
    options.warn(warning)
  }

  return {
    lookAhead({ certificates, refusedLogout, validUntil }, isOwed) {
      const horizon = clock() + options.warnSeconds * 1000
      for (const { fingerprint, expiresAt } of certificates) {
        if (expiresAt > horizon) continue
        const isOver = expiresAt <= clock()
        const date = new Date(expiresAt).toISOString()
        warnOnce(`${isOver} ${fingerprint}`, {
          code: isOver ? 'saml-certificate-expired' : 'saml-certificate-expires',
          message: `the identity provider's certificate ${fingerprint} ${isOver ? 'expired' : 'expires'} on ${date}`,
        })
      }
      for (const address of refusedLogout) {
        warnOnce(`logout ${address}`, {
          code: 'saml-logout-address',
          message: `the identity provider's address for single logout is not used: ${quote(address)} is no https address at an origin of endpointOrigins; add its origin there`,
        })
      }
      // Documents that are signed anew every few days end soon by design: what counts is that no newer one came.
      if (validUntil !== undefined && validUntil <= horizon && isOwed) {
        warnOnce(`until ${validUntil}`, {
          code: 'saml-metadata-expires',
          message: `the metadata of the identity provider is valid until ${new Date(validUntil).toISOString()}`,
        })
      }
    },

    unavailable: ({ explanation }) =>
      warnOnce('unavailable', {
        code: 'saml-metadata-unavailable',
        message: `the metadata of the identity provider could not be renewed: ${explanation}`,
      }),

    available: () => {
      warned.delete('unavailable')
    },
  }
}
