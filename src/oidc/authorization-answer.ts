/** @module The answer to an authorization request: read with suspicion, before anything is asked of the provider. */
import type { ProviderMetadata } from './metadata.js'
import { readSessionState } from './tokens.js'

/** Bytes of an answer that comes as a form: 64 KiB, so that an ID token of the longest kind fits. */
export const maximumAnswerLength = 64 * 1024
const mostParameters = 32
const longestState = 512
/** `HLD-08`. */
const longestCode = 8192
/** Parameters that must not come twice. */
const single = ['state', 'code', 'error', 'iss', 'session_state', 'id_token', 'response'] as const

/**
 * Words by which providers refuse. Any other is `unknown`: anybody can bring an answer of their own making, and what
 * stands in events must not be theirs to choose. Sources: RFC 6749, section 4.1.2.1; OpenID Connect Core 1.0, section
 * 3.1.2.6; OpenID Connect Core Error Code unmet_authentication_requirements 1.0; RFC 8707; RFC 9396; RFC 9101.
 */
const registeredErrors: ReadonlySet<string> = new Set([
  'invalid_request',
  'unauthorized_client',
  'access_denied',
  'unsupported_response_type',
  'invalid_scope',
  'server_error',
  'temporarily_unavailable',
  'interaction_required',
  'login_required',
  'account_selection_required',
  'consent_required',
  'invalid_request_uri',
  'invalid_request_object',
  'request_not_supported',
  'request_uri_not_supported',
  'registration_not_supported',
  'unmet_authentication_requirements',
  'invalid_target',
  'invalid_authorization_details',
])

/** An answer, not yet known to be ours: `state` says to which request it belongs. */
export type AuthorizationAnswer =
  | {
      readonly kind: 'code'
      readonly state: string
      readonly code: string
      /** Beside the code, where that was asked for; else nobody looks at it. */
      readonly idToken: string | undefined
      readonly issuer: string | undefined
      readonly sessionState: string | undefined
    }
  | {
      readonly kind: 'id-token'
      readonly state: string
      readonly idToken: string
      readonly sessionState: string | undefined
    }
  | {
      readonly kind: 'error'
      readonly state: string
      /** One of the registered words, or `unknown`. */
      readonly error: string
      readonly sessionState: string | undefined
    }
  | {
      readonly kind: 'malformed'
      readonly problem: 'duplicate' | 'parameters' | 'state' | 'issuer' | 'empty'
    }

/** The `state` of an answer, if it has exactly one of a sane length. */
export function stateOf(parameters: URLSearchParams): string | undefined {
  const states = parameters.getAll('state')
  const [state] = states
  return states.length === 1 && state !== undefined && state.length <= longestState ? state : undefined
}

/** What an answer is held to. */
export interface ExpectedAnswer extends Pick<ProviderMetadata, 'issuer' | 'sendsIssuer'> {
  /** Whether an ID token was asked for: it is verified then, its issuer too. */
  readonly hasIdToken: boolean
}

/**
 * Reads an answer from its parameters, whether they came in the address, in a form or in a fragment.
 * Source: OpenID Connect Core 1.0, sections 3.1.2.5 to 3.1.2.7; RFC 6749, section 4.1.2; RFC 9207; `SES-01`.
 */
export function readAuthorizationAnswer(
  parameters: URLSearchParams,
  expected: ExpectedAnswer,
): AuthorizationAnswer {
  if ([...parameters].length > mostParameters) return { kind: 'malformed', problem: 'parameters' }
  if (single.some((name) => parameters.getAll(name).length > 1))
    return { kind: 'malformed', problem: 'duplicate' }
  const state = stateOf(parameters)
  if (state === undefined) return { kind: 'malformed', problem: 'state' }
  const sessionState = readSessionState(parameters.get('session_state') ?? undefined)
  const issuer = parameters.get('iss') ?? undefined
  const idToken = parameters.get('id_token') ?? undefined
  const error = parameters.get('error') ?? undefined
  // Mix-up defence: an answer of another provider is none. An ID token names its issuer itself.
  const namesIssuer = expected.hasIdToken && idToken !== undefined
  if (issuer !== undefined ? issuer !== expected.issuer : expected.sendsIssuer && !namesIssuer) {
    return { kind: 'malformed', problem: 'issuer' }
  }
  if (error !== undefined) {
    return { kind: 'error', state, error: registeredErrors.has(error) ? error : 'unknown', sessionState }
  }
  const code = parameters.get('code') ?? undefined
  if (code !== undefined && code !== '' && code.length <= longestCode) {
    return { kind: 'code', state, code, idToken, issuer, sessionState }
  }
  if (idToken !== undefined && idToken !== '') return { kind: 'id-token', state, idToken, sessionState }
  return { kind: 'malformed', problem: 'empty' }
}
