/** @module The issuing side as applications import it: `citizen-session/sso`. */
export type { ActiveCitizen, Citizen, Claims } from '../citizen.js'
export { CitizenSessionError } from '../errors.js'
export type { Reply } from '../exchange.js'
export type { SigningAlgorithm } from './algorithms.js'
export { createSsoIssuer, type SsoIssuer, type SsoIssuerOptions } from './issuer.js'
export { jwksPath } from './jwks.js'
export type { KeyFileFault, KeyFileRules } from './key-file.js'
export { type KeyFolder, type KeyFolderOptions, keyFolder } from './key-folder.js'
export type { Rotation } from './key-succession.js'
export { memoryKeys } from './memory-keys.js'
export type { KoaContext, Mounted, SsoHandler, SsoRequest } from './mount.js'
export { type PemKey, type PemKeysOptions, type PemSource, pemKeys } from './pem-keys.js'
export type { PublicJwk } from './public-jwk.js'
export { createKeyRing, type KeyRing } from './ring.js'
export type { KeyRingOptions, RotateOptions } from './ring-options.js'
export type { RingKey, RingPolicy, RingState, Standing, StandingKey } from './ring-state.js'
export type { PublishedKeySet, Signer } from './signer.js'
export type { HandOverOptions, HandOverTexts } from './sso-form.js'
export type { KeyStorage, RingChange, RingChangeOutcome } from './storage.js'
export {
  type GateTokenClaims,
  type RemoteKeysOptions,
  remoteKeys,
  type SsoClaims,
  SsoTokenError,
  type SsoTokenProblem,
  type TokenStore,
  type VerifyGateTokenOptions,
  type VerifySsoTokenOptions,
  verifyGateToken,
  verifySsoToken,
} from './verify-token.js'
