/** @module Checks the keys of the shared cookie's provider. */
import type { ResolvedSharedCookieOptions } from '../../config/options.js'
import type { Finding } from './finding.js'
import { judgeKeySet } from './key-set.js'
import type { Visited } from './visits.js'

/** Whether the provider's key set verifies the tokens of the shared cookie. */
export function judgeKeys(
  visited: Visited,
  { identityProvider }: ResolvedSharedCookieOptions,
): readonly Finding[] {
  return judgeKeySet(visited, {
    check: 'keys',
    target: identityProvider.endpoints.jwks,
    algorithms: identityProvider.algorithms,
    ...identityProvider.keys,
    correctAddress:
      'write the address of the key set in CITIZEN_IDENTITY_PROVIDER_ENDPOINTS_JWKS, below CITIZEN_IDENTITY_PROVIDER_INTERNAL_URL or CITIZEN_IDENTITY_PROVIDER_URL',
    correctAlgorithms: 'set CITIZEN_IDENTITY_PROVIDER_ALGORITHMS to what it signs with',
  })
}
