/** @module npm's `oidc-provider` with its features switched one by one, and what comes of a person's way through it. */
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import type { OidcOptions } from '../../../src/oidc/oidc.js'
import type { Circumstances, Journey } from './journey.js'

type Settings = Readonly<Record<string, unknown>>

/** Something that is asked of the application, or that it asks for. */
export interface Use {
  /** What, in words. */
  readonly what: string
  readonly circumstances: Circumstances
  /** What differs from the usual; a refusal stands alone. */
  readonly comesTo: Partial<Journey>
}

/** A feature of the provider. */
export interface Feature {
  /** What it is switched on with, besides `enabled`. */
  readonly with?: Settings | undefined
  /** Other features that it needs, or that must go with it. */
  readonly on?: Settings | undefined
  readonly off?: Settings | undefined
  /** What differs from the usual. */
  readonly onDiffers?: Partial<Journey> | undefined
  readonly offDiffers?: Partial<Journey> | undefined
  /** With the feature on. */
  readonly uses?: readonly Use[] | undefined
}

const refused = (words: string): Partial<Journey> => ({ signIn: words })

/** The feature on, with these settings; what the client is registered as; what the application is configured with. */
function asked(
  what: string,
  [name, more]: readonly [string, Settings],
  { client, oidc }: { readonly client?: Settings; readonly oidc?: Partial<OidcOptions> },
  comesTo: Partial<Journey> = {},
): Use {
  const features = { [name]: { enabled: true, ...more } }
  return { what, circumstances: { client, oidc, provider: { features } }, comesTo }
}

const pair = (namedCurve: string) => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve })
  return { publicJwk: publicKey.export({ format: 'jwk' }), privateJwk: privateKey.export({ format: 'jwk' }) }
}
const encryption = pair('P-256')
const encrypted = {
  id_token_encrypted_response_alg: 'ECDH-ES',
  id_token_encrypted_response_enc: 'A256GCM',
  jwks: { keys: [{ ...encryption.publicJwk, use: 'enc', kid: 'enc-1' }] },
}
const idTokenDecryptionKeys = [{ ...encryption.privateJwk, alg: 'ECDH-ES', kid: 'enc-1' }]
const undefinedDetails = () => undefined

/** Every feature that the provider has. */
export const features: Readonly<Record<string, Feature>> = {
  attestClientAuth: {
    with: {
      ack: 'draft-12',
      challengeSecret: randomBytes(32),
      getAttestationSignaturePublicKey: undefinedDetails,
      assertAttestationJwtAndPop: undefinedDetails,
    },
    on: { dPoP: { enabled: true, nonceSecret: randomBytes(32) } },
  },
  backchannelLogout: { offDiffers: { told: 'no' } },
  ciba: {},
  claimsParameter: {
    uses: [
      asked(
        'claims are asked for by name, in the ID token',
        ['claimsParameter', {}],
        { oidc: { parameters: { claims: '{"id_token":{"email":null}}' } } },
        { email: 'ID token' },
      ),
    ],
  },
  clientCredentials: {},
  clientIdMetadataDocument: { with: { ack: 'draft-02' } },
  dPoP: {
    uses: [
      asked(
        'the client is registered for tokens that are bound to a key',
        ['dPoP', {}],
        { client: { dpop_bound_access_tokens: true } },
        refused('401, here, token-endpoint invalid_grant'),
      ),
    ],
  },
  devInteractions: {},
  deviceFlow: {},
  encryption: {
    uses: [
      asked('ID tokens come encrypted', ['encryption', {}], {
        client: encrypted,
        oidc: { idTokenDecryptionKeys },
      }),
      asked(
        'ID tokens come encrypted, and the application has no key for them',
        ['encryption', {}],
        { client: encrypted },
        refused('401, here, sign-in encryption'),
      ),
    ],
  },
  externalSigningSupport: { with: { ack: 'experimental-01' } },
  fapi: {
    with: { profile: '2.0' },
    uses: [
      asked(
        'FAPI 1.0, whose requests are signed objects',
        ['fapi', { profile: '1.0 Final' }],
        {},
        refused('401, here, sign-in answer-invalid_request'),
      ),
    ],
  },
  introspection: {},
  jwtIntrospection: { on: { introspection: { enabled: true } } },
  jwtResponseModes: {},
  jwtUserinfo: {
    uses: [
      asked('UserInfo comes signed', ['jwtUserinfo', {}], {
        client: { userinfo_signed_response_alg: 'RS256' },
      }),
    ],
  },
  mTLS: {
    uses: [
      asked(
        'the client is registered for tokens that are bound to a certificate',
        ['mTLS', { certificateBoundAccessTokens: true, getCertificate: undefinedDetails }],
        { client: { tls_client_certificate_bound_access_tokens: true } },
        refused('401, here, token-endpoint invalid_grant'),
      ),
    ],
  },
  openid4vci: {
    with: {
      ack: 'experimental-01',
      credentialConfigurationsSupported: { one: { format: 'jwt_vc_json' } },
      nonceSecret: randomBytes(32),
    },
  },
  pushedAuthorizationRequests: {
    offDiffers: { isPushed: false },
    uses: [
      asked(
        'requests must be pushed',
        ['pushedAuthorizationRequests', { requirePushedAuthorizationRequests: true }],
        { oidc: { pushedAuthorization: 'never' } },
      ),
    ],
  },
  registration: {},
  registrationManagement: { on: { registration: { enabled: true } } },
  requestObjects: {
    uses: [
      asked(
        'requests must be signed objects',
        ['requestObjects', { requireSignedRequestObject: true }],
        {},
        refused('401, here, sign-in answer-invalid_request'),
      ),
    ],
  },
  resourceIndicators: {
    uses: [
      asked(
        'an access token for one API is asked for, with which UserInfo answers nobody',
        [
          'resourceIndicators',
          {
            getResourceServerInfo: () => ({
              scope: 'read',
              audience: 'https://api.example.gov',
              accessTokenFormat: 'opaque',
            }),
            useGrantedResource: () => true,
          },
        ],
        { oidc: { parameters: { resource: 'https://api.example.gov' } } },
        { email: 'ID token' },
      ),
    ],
  },
  revocation: { offDiffers: { tokens: 'skipped no-revocation-endpoint' } },
  richAuthorizationRequests: {
    with: {
      authorizationDetailsForGrantSource: undefinedDetails,
      authorizationDetailsForAccessToken: undefinedDetails,
      authorizationDetailsForIntrospection: undefinedDetails,
    },
  },
  rpInitiatedLogout: { offDiffers: { identity: 'skipped no-end-session-endpoint', told: 'no page' } },
  rpMetadataChoices: {},
  userinfo: { off: { jwtUserinfo: { enabled: false } }, offDiffers: { email: 'ID token' } },
  webMessageResponseMode: { with: { ack: 'individual-draft-01' } },
}

/** A feature on or off, as the provider is configured with it. */
export function switched(name: string, isOn: boolean): Circumstances {
  const { with: more, on = {}, off = {} } = features[name] ?? {}
  const own = isOn ? { enabled: true, ...more } : { enabled: false }
  return { provider: { features: { ...(isOn ? on : off), [name]: own } } }
}

const proof = pair('P-256')
const curves: Readonly<Record<string, string>> = { ES256: 'P-256', ES384: 'P-384' }

/** ID tokens by this algorithm, and an application that takes no other. */
function signedBy(algorithm: string, key?: Settings): Use {
  const curve = curves[algorithm]
  const own = curve === undefined ? key : pair(curve).privateJwk
  return {
    what: `ID tokens by ${algorithm}`,
    circumstances: {
      client: { id_token_signed_response_alg: algorithm },
      oidc: { idTokenAlgorithms: [algorithm] },
      provider: { enabledJWA: { idTokenSigningAlgValues: [algorithm] } },
      ...(own === undefined ? {} : { key: { ...own, kid: algorithm, use: 'sig' } }),
    },
    comesTo: {},
  }
}

/** What else can be otherwise at the provider. `rsaKey`: one without an algorithm of its own. */
export function settingsOf(rsaKey: Settings): readonly Use[] {
  const edwards = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })
  return [
    ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'].map((name) => signedBy(name, rsaKey)),
    ...['ES256', 'ES384'].map((name) => signedBy(name)),
    ...['EdDSA', 'Ed25519'].map((name) => signedBy(name, edwards)),
    {
      what: 'ID tokens by a shared secret (HS256)',
      circumstances: {
        client: { id_token_signed_response_alg: 'HS256' },
        provider: { enabledJWA: { idTokenSigningAlgValues: ['HS256', 'RS256'] } },
      },
      comesTo: refused('401, here, sign-in algorithm'),
    },
    {
      what: 'refresh tokens that are not rotated',
      circumstances: { provider: { rotateRefreshToken: false } },
      comesTo: {},
    },
    {
      what: 'no refresh tokens',
      circumstances: { provider: { issueRefreshToken: async () => false } },
      comesTo: { refresh: 'nothing' },
    },
    {
      what: 'claims of scopes in the ID token too (`conformIdTokenClaims: false`)',
      circumstances: { provider: { conformIdTokenClaims: false } },
      comesTo: { email: 'ID token' },
    },
    {
      what: 'a `sub` for each client (`pairwise`)',
      circumstances: {
        client: { subject_type: 'pairwise' },
        provider: {
          subjectTypes: ['public', 'pairwise'],
          pairwiseIdentifier: async (_: unknown, id: string) => `pairwise-${id}`,
        },
      },
      comesTo: {},
    },
    {
      what: 'logout tokens without `sid`',
      circumstances: { client: { backchannel_logout_session_required: false } },
      comesTo: {},
    },
    {
      what: 'answers as a form',
      circumstances: { oidc: { responseMode: 'form_post' } },
      comesTo: {},
    },
    {
      what: 'the hybrid flow',
      circumstances: {
        client: {
          response_types: ['code id_token'],
          grant_types: ['authorization_code', 'implicit', 'refresh_token'],
          // Of a web client it takes no http address there, not even of the machine itself.
          application_type: 'native',
        },
        oidc: { responseType: 'code id_token' },
      },
      comesTo: {},
    },
    {
      what: 'a client that proves itself by `client_secret_post`',
      circumstances: {
        client: { token_endpoint_auth_method: 'client_secret_post' },
        oidc: { clientAuthentication: 'client_secret_post' },
      },
      comesTo: {},
    },
    {
      what: 'a client that proves itself by `private_key_jwt`',
      circumstances: {
        client: {
          token_endpoint_auth_method: 'private_key_jwt',
          jwks: { keys: [{ ...proof.publicJwk, kid: 'proof', use: 'sig' }] },
        },
        oidc: { clientAuthentication: { privateKey: { ...proof.privateJwk, kid: 'proof', alg: 'ES256' } } },
      },
      comesTo: {},
    },
    {
      what: 'a public client (`none`)',
      circumstances: {
        client: { token_endpoint_auth_method: 'none' },
        oidc: { clientAuthentication: 'none' },
      },
      comesTo: {},
    },
    {
      what: 'a client that is to prove itself by `client_secret_jwt`',
      circumstances: { client: { token_endpoint_auth_method: 'client_secret_jwt' } },
      comesTo: refused('401, here, token-endpoint invalid_client'),
    },
    {
      what: 'another secret than the client’s',
      circumstances: { oidc: { clientSecret: 'another secret' } },
      comesTo: refused('401, here, token-endpoint invalid_client'),
    },
    {
      what: 'redirect URIs of another application',
      circumstances: { client: { redirect_uris: ['https://other.example/session/callback'] } },
      comesTo: refused('400, at the provider'),
    },
    { what: 'a clock here that is 50 seconds slow', circumstances: { ahead: -50 }, comesTo: {} },
    { what: 'a clock here that is 50 seconds fast', circumstances: { ahead: 50 }, comesTo: {} },
    {
      what: 'a clock here that is 200 seconds slow',
      circumstances: { ahead: -200 },
      comesTo: refused('401, here, sign-in not-yet-valid'),
    },
  ]
}
