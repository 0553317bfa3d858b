/** @module The ID token as a hint for the provider that gave it. */
import type { ResolvedOidcOptions } from './options.js'
import { decryptToken } from './signed-token.js'

/**
 * The hint of a kept ID token: of one that is encrypted the signed token within, for the provider cannot open what it has
 * encrypted for us. `undefined`: none of our keys opens it any more.
 * Source: OpenID Connect Core 1.0, section 3.1.2.1; RP-Initiated Logout 1.0, section 2.
 */
export async function hintOf(
  idToken: string,
  { idTokenDecryptionKeys }: Pick<ResolvedOidcOptions, 'idTokenDecryptionKeys'>,
): Promise<string | undefined> {
  return idToken.split('.').length === 5 ? decryptToken(idToken, idTokenDecryptionKeys) : idToken
}
