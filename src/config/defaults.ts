/** @module Every default value of an option, in one place. */

import type { Claims } from '../citizen.js'
import type { defaultMostRecords } from '../stores/bounds.js'
import type { OnIdle, Sensitivity } from './options.js'

/** What a sensitivity brings with it, and up to where that stays within the recommendation of its level. */
export interface SensitivityPreset {
  readonly idleSeconds: number
  readonly onIdle: OnIdle
  /** Authenticator assurance level whose time limits fit this sensitivity. */
  readonly level: 'aal1' | 'aal2' | 'aal3'
  /** Longest recommended times in seconds; `undefined` where none is recommended. */
  readonly recommended: { readonly idleSeconds: number | undefined; readonly absoluteSeconds: number }
}

/**
 * The presets behind `application.sensitivity`. Source: NIST SP 800-63B-4, sections 2.1.3, 2.2.3 and 2.3.3.
 */
export const sensitivities: Readonly<Record<Sensitivity, SensitivityPreset>> = {
  sensitive: {
    idleSeconds: 600,
    onIdle: 'reauthenticate',
    level: 'aal3',
    recommended: { idleSeconds: 900, absoluteSeconds: 43_200 },
  },
  basic: {
    idleSeconds: 3_600,
    onIdle: 'resume',
    level: 'aal2',
    recommended: { idleSeconds: 3_600, absoluteSeconds: 86_400 },
  },
  public: {
    idleSeconds: 28_800,
    onIdle: 'resume',
    level: 'aal1',
    recommended: { idleSeconds: undefined, absoluteSeconds: 2_592_000 },
  },
}

/** The defaults that depend on nothing else. */
export const defaults = {
  identityProvider: {
    algorithms: ['RS256'],
    endpoints: {
      jwks: '/api/v1/authentication/.well-known/jwks.json',
      refresh: '/sp/api/v1/authenticate?type=token',
      login: '/login',
      logout: '/logout',
    },
    sessionClaim: 'jti',
    kindClaims: ['mfaRequired', 'isMfa', 'isDidAuth'],
    acceptedClaims: [] as readonly string[],
    returnParameter: 'returnTo',
    reauthenticateParameters: { prompt: 'login' },
    refresh: { timeoutSeconds: 5, waitMilliseconds: 500, onUnavailable: 'keep' },
    clockSkewSeconds: 30,
    keys: {
      coolDownSeconds: 30,
      floorSeconds: 60,
      ceilingSeconds: 900,
      staleSeconds: 86_400,
      timeoutSeconds: 5,
    },
  },
  sharedCookie: {
    names: { header: 'c1_header', payload: 'c1_payload', signature: 'c1_signature' },
    path: '/',
    sameSite: 'lax',
    persistent: false,
  },
  application: {
    sensitivity: 'sensitive',
    absoluteSeconds: 43_200,
    sessionsPerPerson: 200 satisfies typeof defaultMostRecords,
    returnOrigins: [],
  },
  routes: { path: '/session' },
} as const

/** The assurance level of a token unless `identityProvider.assuranceLevel` says otherwise: 2 with `isDidAuth`, else 1. */
export function defaultAssuranceLevel(claims: Claims): number {
  return claims.isDidAuth === true ? 2 : 1
}
