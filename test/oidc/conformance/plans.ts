/**
 * @module The modules for relying parties of the OpenID certification, as the plans of its public conformance suite list
 * them: names, and which profile has which. What each demands is in `modules.ts`, in our words.
 */

/** What a plan of the public list holds. */
export interface Plan {
  readonly profile: 'Basic' | 'Form Post' | 'Config' | 'Refresh' | 'Logout'
  /** The plan's name there. */
  readonly plan: string
  /** How the provider answers where the plan says it. */
  readonly responseMode: 'query' | 'form_post'
  readonly modules: readonly string[]
}

const basic = [
  'oidcc-client-test',
  'oidcc-client-test-invalid-iss',
  'oidcc-client-test-missing-sub',
  'oidcc-client-test-invalid-aud',
  'oidcc-client-test-missing-iat',
  'oidcc-client-test-kid-absent-single-jwks',
  'oidcc-client-test-kid-absent-multiple-jwks',
  'oidcc-client-test-idtoken-sig-rs256',
  'oidcc-client-test-idtoken-sig-none',
  'oidcc-client-test-invalid-sig-rs256',
  'oidcc-client-test-userinfo-invalid-sub',
  'oidcc-client-test-nonce-invalid',
  'oidcc-client-test-scope-userinfo-claims',
  'oidcc-client-test-client-secret-basic',
] as const

/** The profiles that this package holds itself to, with the response type `code`: 52 modules. */
export const plans: readonly Plan[] = [
  {
    profile: 'Basic',
    plan: 'oidcc-client-basic-certification-test-plan',
    responseMode: 'query',
    modules: basic,
  },
  {
    profile: 'Form Post',
    plan: 'oidcc-client-formpost-basic-certification-test-plan',
    responseMode: 'form_post',
    modules: basic,
  },
  {
    profile: 'Form Post',
    plan: 'oidcc-client-test-plan',
    responseMode: 'form_post',
    modules: ['oidcc-client-test-form-post-error'],
  },
  {
    profile: 'Config',
    plan: 'oidcc-client-config-certification-test-plan',
    responseMode: 'query',
    modules: [
      'oidcc-client-test-discovery-openid-config',
      'oidcc-client-test-discovery-jwks-uri-keys',
      'oidcc-client-test-discovery-issuer-mismatch',
      'oidcc-client-test-idtoken-sig-none',
      'oidcc-client-test-signing-key-rotation-just-before-signing',
      'oidcc-client-test-signing-key-rotation',
    ],
  },
  {
    profile: 'Refresh',
    plan: 'oidcc-client-refreshtoken-test-plan',
    responseMode: 'query',
    modules: [
      'oidcc-client-test-refresh-token',
      'oidcc-client-test-refresh-token-invalid-issuer',
      'oidcc-client-test-refresh-token-invalid-sub',
    ],
  },
  {
    profile: 'Logout',
    plan: 'oidcc-client-rp-initiated-logout-rp-basic',
    responseMode: 'query',
    modules: [
      'oidcc-client-test-rp-init-logout',
      'oidcc-client-test-rp-init-logout-other-state',
      'oidcc-client-test-rp-init-logout-no-state',
    ],
  },
  {
    profile: 'Logout',
    plan: 'oidcc-client-back-channel-logout-rp-basic',
    responseMode: 'query',
    modules: [
      'oidcc-client-test-rp-backchannel-rpinitlogout',
      'oidcc-client-test-rp-backchannel-rpinitlogout-alg-none',
      'oidcc-client-test-rp-backchannel-rpinitlogout-no-event',
      'oidcc-client-test-rp-backchannel-rpinitlogout-with-nonce',
      'oidcc-client-test-rp-backchannel-rpinitlogout-wrong-alg',
      'oidcc-client-test-rp-backchannel-rpinitlogout-wrong-aud',
      'oidcc-client-test-rp-backchannel-rpinitlogout-wrong-event',
      'oidcc-client-test-rp-backchannel-rpinitlogout-wrong-iss',
    ],
  },
  {
    profile: 'Logout',
    plan: 'oidcc-client-front-channel-logout-rp-basic',
    responseMode: 'query',
    modules: ['oidcc-client-test-rp-frontchannel-rpinitlogout'],
  },
  {
    profile: 'Logout',
    plan: 'oidcc-client-rp-session-management-rp-basic',
    responseMode: 'query',
    modules: ['oidcc-client-test-session-management'],
  },
  {
    profile: 'Logout',
    plan: 'oidcc-client-logout-test-plan',
    responseMode: 'query',
    modules: ['oidcc-client-test-rp-frontchannel-opinitlogout'],
  },
]

/** Modules that only plans of other profiles have: Implicit, Hybrid, Dynamic, third-party login, and what is in none. */
export const otherModules = [
  'oidcc-client-test-3rd-party-init-login',
  'oidcc-client-test-aggregated-claims',
  'oidcc-client-test-discovery-webfinger-acct',
  'oidcc-client-test-discovery-webfinger-url',
  'oidcc-client-test-distributed-claims',
  'oidcc-client-test-dynamic-registration',
  'oidcc-client-test-invalid-athash',
  'oidcc-client-test-invalid-chash',
  'oidcc-client-test-invalid-sig-es256',
  'oidcc-client-test-invalid-sig-hs256',
  'oidcc-client-test-missing-athash',
  'oidcc-client-test-missing-aud',
  'oidcc-client-test-missing-chash',
  'oidcc-client-test-mtls-endpoint-aliases',
  'oidcc-client-test-nonce-unless-code-flow',
  'oidcc-client-test-request-uri-signed-none',
  'oidcc-client-test-request-uri-signed-rs256',
  'oidcc-client-test-userinfo-bearer-body',
  'oidcc-client-test-userinfo-bearer-header',
  'oidcc-client-test-userinfo-signed',
] as const
