/** @module What the parts of the plug-in stand on once it is installed in a suite. */
import { digest } from '../digest.js'
import type { LoginRequest } from '../protocols/login-method.js'
import type { ProtocolHost } from '../protocols/protocol.js'
import type { SessionIndexKey } from '../protocols/sessions.js'
import type { TellUntrusted } from '../protocols/untrusted-claims.js'
import type { ResolvedOidcOptions } from './options.js'
import type { Provider } from './provider.js'

/** The plug-in at work in one suite. */
export interface OidcContext {
  readonly options: ResolvedOidcOptions
  readonly host: ProtocolHost
  readonly provider: Provider
  readonly tellUntrusted: TellUntrusted
}

/** A login in flight, as it is remembered in the browser. */
export interface AuthorizationTransaction extends LoginRequest {
  readonly reauthenticate: boolean
  readonly mayResume: boolean
  /** Whether it counts as a new authentication that one was asked for, where the provider never says its time. */
  readonly acceptsAsked?: boolean | undefined
  readonly nonce: string
  readonly verifier: string
  /** Whether an ID token was asked for beside the code. Absent: no, as in logins that 0.1.0 has begun. */
  readonly isHybrid?: boolean | undefined
  /** `max_age` that was sent. */
  readonly sentMaxAge?: number | undefined
}

/** The name under which a logout token or a front-channel logout knows a session of the provider. */
export function sessionIndexKey(issuer: string, sessionId: string): SessionIndexKey {
  return { key: digest('oidc-sid', issuer, sessionId), kind: 'session' }
}
