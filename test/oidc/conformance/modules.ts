/**
 * @module What each module of the certification demands of a relying party, re-expressed: how the provider bends its answers,
 * and what must become of the sign-in, at the browser and in the event. What a module asks for that this package does not
 * offer stands here with the reason.
 */
import { expect } from 'vitest'
import type { OidcOptions } from '../../../src/oidc/oidc.js'
import type { Visit } from '../../support/browser.js'
import type { Place, PlaceOptions } from './place.js'
import type { Bend } from './provider.js'

/** A sign-in that must not succeed: the page that the person sees, and the event that says why. */
export interface Refusal {
  readonly status: number
  readonly heading: string
  readonly event: Readonly<Record<string, unknown>>
  /** Endpoints that the party may have asked by then. */
  readonly asked: readonly string[]
}

/** A module that runs. */
export interface Played {
  /** What the relying party must do. */
  readonly demand: string
  readonly bend?: Bend | undefined
  readonly oidc?: Partial<OidcOptions> | undefined
  readonly tells?: PlaceOptions['tells']
  /** What becomes of the first sign-in. Default: the person is signed in. */
  readonly refusal?: Refusal | undefined
  /** Where the person opens the application. Default: a page that asks for a sign-in. */
  readonly path?: string | undefined
  /** What happens afterwards. */
  play?(place: Place): Promise<void>
}

/** A module that does not run here. */
export interface NotPlayed {
  readonly demand: string
  /** Why this package does not offer it, or which test shows it. */
  readonly reason: string
}

export type Module = Played | NotPlayed

/** An ID token that is refused: nothing that it came with is used. */
function refusedIdToken(
  demand: string,
  idToken: Bend['idToken'],
  event: Readonly<Record<string, unknown>>,
  oidc?: Partial<OidcOptions>,
): Played {
  return {
    demand,
    bend: { idToken },
    oidc,
    refusal: {
      status: 401,
      heading: 'Your sign-in did not complete',
      event: { type: 'token.rejected', credential: 'sign-in', ...event },
      asked: ['configuration', 'authorize', 'token', 'keys'],
    },
  }
}

/** The same of the one that comes beside the code: the code is not redeemed. */
function refusedFrontIdToken(demand: string, claims: Readonly<Record<string, unknown>>): Played {
  const { refusal } = refusedIdToken(demand, {}, { problem: 'c-hash' })
  return {
    demand,
    oidc: { responseType: 'code id_token' },
    bend: { frontIdToken: { claims } },
    refusal: { ...(refusal as Refusal), asked: ['configuration', 'authorize', 'keys'] },
  }
}

/** A renewal whose ID token is another's: it is told, and nothing of it is used. */
function refusedRenewal(demand: string, claims: Readonly<Record<string, unknown>>, problem: string): Played {
  return {
    demand,
    bend: { refreshedIdToken: { claims } },
    oidc: { userInfoAtRefresh: true },
    async play(place) {
      await renew(place)
      expect(typed(place, 'identity.degraded')).toMatchObject([{ problem }])
      expect(typed(place, 'identity.refreshed')).toEqual([])
      expect(place.provider.asked.slice(-1)).toEqual(['refresh'])
      expect(await place.state()).toMatchObject({ state: 'active', claims: { sub: 'ana' } })
    },
  }
}

/** A logout token that is refused: before the sign-out the session stays, and the sign-out itself ends it all the same. */
function refusedLogoutToken(demand: string, bend: Bend['logoutToken'], problem: string): Played {
  return {
    demand,
    bend: { logoutToken: bend },
    tells: ['back-channel'],
    async play(place) {
      const early = await place.provider.sendLogoutToken()
      expect(early.status).toBe(400)
      expect(await place.state()).toMatchObject({ state: 'active' })
      await signOut(place)
      expect(place.provider.logoutAnswers.map(({ status }) => status)).toEqual([400])
      const refused = { problem: `logout-${problem}`, credential: 'logout' }
      expect(typed(place, 'token.rejected')).toMatchObject([refused, refused])
    },
  }
}

const typed = (place: Place, type: string) => place.events.filter((event) => event.type === type)

/** The tokens fall due, and a request renews them. */
async function renew(place: Place): Promise<void> {
  place.travel(320)
  await place.browser.fetch(`${place.home}/private`)
}

/** The person signs out here; the browser goes to the provider, and comes back. */
async function signOut(place: Place): Promise<Visit> {
  const visit = await goOn(place, await place.signOut())
  expect(visit.path.map((url) => new URL(url).pathname)).toContain('/end')
  expect(visit.url).toContain(`${place.home}/session/return`)
  expect(visit.body).toContain('<h1>You are signed out</h1>')
  await isOver(place)
  return visit
}

/** What is told of the sign-out at the provider. */
const identityLegs = (place: Place) =>
  typed(place, 'logout.leg').flatMap((leg) => ('leg' in leg && leg.leg === 'identity' ? [leg] : []))

/** The provider's page shows its frames, from its own site, and leads on. */
async function goOn(place: Place, visit: Visit): Promise<Visit> {
  const frames = [...visit.body.matchAll(/<iframe src="([^"]*)"/g)]
  for (const [, address = ''] of frames) {
    const frame = await place.browser.fetch(address.replaceAll('&amp;', '&'), {
      from: place.provider.issuer,
      headers: { 'sec-fetch-dest': 'iframe', 'sec-fetch-mode': 'navigate' },
    })
    expect(frame.status).toBe(200)
    expect(frame.headers.get('content-security-policy')).toContain(`frame-ancestors ${place.provider.issuer}`)
  }
  if (frames.length === 0) return visit
  const next = await place.browser.press(visit, 'Go on')
  return { ...next, path: [...visit.path, ...next.path] }
}

async function isOver(place: Place): Promise<void> {
  expect(await place.state()).toMatchObject({ state: 'anonymous' })
  expect(typed(place, 'session.ended')).toHaveLength(1)
}

/** Signs somebody else's browser in: the same person anew, after the keys have changed. */
async function signInAnew(place: Place): Promise<void> {
  await place.browser.jar.removeAllCookies()
  const visit = await place.visit('/private')
  expect([visit.status, visit.body]).toEqual([200, '{"sub":"ana"}'])
}

const noFront =
  'not played: an access token never comes by the browser here: no response type with `token` can be chosen'
const issuerIsConfigured = 'not played: the issuer is a setting of the application, never what a person types'

/** Every module of the public list. */
export const modules: Readonly<Record<string, Module>> = {
  'oidcc-client-test': {
    demand: 'sends a request that is complete, redeems the code, and asks UserInfo with the access token',
  },
  'oidcc-client-test-invalid-iss': refusedIdToken(
    'refuses an ID token of another issuer',
    { claims: { iss: 'https://other.example' } },
    { problem: 'issuer', given: 'https://other.example' },
  ),
  'oidcc-client-test-missing-sub': refusedIdToken(
    'refuses an ID token that names nobody',
    { claims: { sub: undefined } },
    { problem: 'claims' },
  ),
  'oidcc-client-test-invalid-aud': refusedIdToken(
    'refuses an ID token for another client',
    { claims: { aud: 'permits' } },
    { problem: 'audience', given: 'permits', expected: 'benefits' },
  ),
  'oidcc-client-test-missing-iat': refusedIdToken(
    'refuses an ID token without a time of issue',
    { claims: { iat: undefined } },
    { problem: 'claims' },
  ),
  'oidcc-client-test-kid-absent-single-jwks': {
    demand: 'takes the one key that there is where neither token nor key has a name',
    bend: { unnamedKeys: 1 },
  },
  // Both are allowed: to refuse it, or to try each key. One key of several is never guessed here.
  'oidcc-client-test-kid-absent-multiple-jwks': {
    ...refusedIdToken('refuses a token whose key cannot be told among several', undefined, {
      problem: 'unknown-key',
      given: 'kid none',
    }),
    bend: { unnamedKeys: 3 },
  },
  'oidcc-client-test-idtoken-sig-rs256': { demand: 'takes an ID token that RS256 has signed' },
  // Both are allowed with the code flow: to take it, or to refuse it. `none` cannot be configured here.
  'oidcc-client-test-idtoken-sig-none': refusedIdToken(
    'refuses an ID token that nobody has signed',
    { signature: 'none' },
    { problem: 'algorithm', given: 'none', expected: 'RS256' },
  ),
  'oidcc-client-test-invalid-sig-rs256': refusedIdToken(
    'refuses an ID token whose signature is not the provider’s',
    { signature: 'broken' },
    { problem: 'signature' },
  ),
  'oidcc-client-test-userinfo-invalid-sub': {
    demand: 'uses nothing that UserInfo says of somebody else',
    bend: { userInfo: { sub: 'ben' } },
    refusal: {
      status: 503,
      heading: 'This service is not available right now',
      event: { type: 'userinfo.failed', during: 'sign-in', problem: 'subject' },
      asked: ['configuration', 'authorize', 'token', 'keys', 'userinfo'],
    },
  },
  'oidcc-client-test-nonce-invalid': refusedIdToken(
    'refuses the ID token of another request',
    { claims: { nonce: 'another-nonce' } },
    { problem: 'nonce' },
  ),
  'oidcc-client-test-scope-userinfo-claims': {
    demand: 'asks for claims by scopes, and has them from UserInfo',
    oidc: { scope: 'openid profile email phone address' },
    async play(place) {
      expect(await place.state()).toMatchObject({
        claims: {
          name: 'Ana Example',
          email: 'ana@example.gov',
          phone_number: '+41 44 123 45 67',
          address: { locality: 'Bern', country: 'CH' },
        },
      })
    },
  },
  'oidcc-client-test-client-secret-basic': {
    demand: 'proves itself by the Basic scheme where the provider says no more, in the encoding of RFC 6749',
    bend: { description: { token_endpoint_auth_methods_supported: ['client_secret_basic'] } },
  },
  // What provokes the error there, `max_age=0` beside `prompt=none`, no sign-in of ours asks for: the provider refuses ours.
  'oidcc-client-test-form-post-error': {
    demand: 'takes an error that comes as a form, and says on a page that nobody is signed in',
    bend: { error: 'login_required' },
    refusal: {
      status: 401,
      heading: 'Your sign-in did not complete',
      event: { type: 'token.rejected', credential: 'sign-in', problem: 'answer-login_required' },
      asked: ['configuration', 'authorize'],
    },
  },
  'oidcc-client-test-discovery-openid-config': {
    demand: 'reads the provider’s description before anything else, and uses the endpoints that it names',
    async play({ provider }) {
      expect(provider.asked[0]).toBe('configuration')
    },
  },
  'oidcc-client-test-discovery-jwks-uri-keys': {
    demand: 'finds the keys where the description says, at an address that differs each time',
    async play({ provider }) {
      expect(provider.asked).toContain('keys')
    },
  },
  'oidcc-client-test-discovery-issuer-mismatch': {
    demand: 'goes no further with a description that names another issuer than the one configured',
    bend: { description: { issuer: 'https://other.example' } },
    refusal: {
      status: 503,
      heading: 'This service is not available right now',
      event: {
        type: 'warning',
        code: 'oidc-discovery',
        message: expect.stringContaining('"https://other.example"'),
      },
      asked: ['configuration'],
    },
  },
  'oidcc-client-test-signing-key-rotation-just-before-signing': {
    demand: 'fetches the keys anew for a key that is newer than those at hand',
    bend: { rotatesBeforeSigning: true },
    async play(place) {
      await signInAnew(place)
      expect(place.provider.asked.filter((name) => name === 'keys')).toHaveLength(2)
    },
  },
  'oidcc-client-test-signing-key-rotation': {
    demand: 'follows a change of keys between two sign-ins',
    async play(place) {
      place.provider.rotateKeys()
      await signInAnew(place)
      expect(place.provider.asked.filter((name) => name === 'keys')).toHaveLength(2)
    },
  },
  'oidcc-client-test-refresh-token': {
    demand: 'has a new access token for its refresh token, and asks UserInfo with that',
    oidc: { userInfoAtRefresh: true },
    async play(place) {
      const first = place.provider.accessToken
      await renew(place)
      expect(place.provider.accessToken).not.toBe(first)
      expect(place.provider.asked.slice(-2)).toEqual(['refresh', 'userinfo'])
      expect(typed(place, 'identity.refreshed')).toMatchObject([{ result: 'token' }])
      expect(await place.state()).toMatchObject({ state: 'active' })
    },
  },
  'oidcc-client-test-refresh-token-invalid-issuer': refusedRenewal(
    'refuses a renewal whose ID token is of another issuer',
    { iss: 'https://other.example' },
    'id-token-issuer',
  ),
  'oidcc-client-test-refresh-token-invalid-sub': refusedRenewal(
    'refuses a renewal whose ID token is somebody else’s',
    { sub: 'ben' },
    'subject',
  ),
  'oidcc-client-test-rp-init-logout': {
    demand: 'ends its session, visits the provider’s sign-out with the hint, and takes the browser back',
    tells: ['back-channel', 'front-channel'],
    async play(place) {
      expect((await signOut(place)).status).toBe(200)
      expect(identityLegs(place)).toMatchObject([{ state: 'done' }])
      expect(place.provider.logoutAnswers.map(({ status }) => status)).toEqual([200])
    },
  },
  'oidcc-client-test-rp-init-logout-other-state': {
    demand: 'takes a browser that comes back with a state of nobody, and does nothing for that state',
    bend: { logoutState: 'other' },
    async play(place) {
      const { status, body } = await signOut(place)
      expect([status, body]).toEqual([400, expect.stringContaining('without saying whether')])
      expect(identityLegs(place)).toEqual([])
    },
  },
  'oidcc-client-test-rp-init-logout-no-state': {
    demand: 'takes a browser that comes back without its state',
    bend: { logoutState: 'none' },
    async play(place) {
      const { status, body } = await signOut(place)
      expect([status, body]).toEqual([200, expect.stringContaining('without saying whether')])
      expect(identityLegs(place)).toMatchObject([{ state: 'unknown', reason: 'no-state' }])
    },
  },
  'oidcc-client-test-rp-frontchannel-rpinitlogout': {
    demand:
      'answers the frame of the provider while its own sign-out is under way, and takes the browser back',
    tells: ['front-channel'],
    async play(place) {
      await signOut(place)
      expect(place.provider.asked).toContain('end')
    },
  },
  'oidcc-client-test-rp-frontchannel-opinitlogout': {
    demand: 'ends its session by the frame of a sign-out at the provider, without any cookie of its own',
    tells: ['front-channel'],
    async play(place) {
      const visit = await place.browser.open(`${place.provider.issuer}/end`)
      await goOn(place, visit)
      await isOver(place)
    },
  },
  'oidcc-client-test-rp-backchannel-rpinitlogout': {
    demand: 'takes the provider’s logout token: while its own sign-out is under way, and to end a session by',
    tells: ['back-channel'],
    async play(place) {
      await signOut(place)
      expect(place.provider.logoutAnswers.map(({ status }) => status)).toEqual([200])
      place.travel(5)
      place.provider.beginSession()
      await signInAnew(place)
      const answer = await place.provider.sendLogoutToken()
      expect(answer.status).toBe(200)
      expect(await place.state()).toMatchObject({ state: 'anonymous', reason: 'identity-ended' })
    },
  },
  'oidcc-client-test-rp-backchannel-rpinitlogout-alg-none': refusedLogoutToken(
    'refuses a logout token that nobody has signed',
    { signature: 'none' },
    'algorithm',
  ),
  'oidcc-client-test-rp-backchannel-rpinitlogout-no-event': refusedLogoutToken(
    'refuses a logout token without its event',
    { claims: { events: undefined } },
    'event',
  ),
  'oidcc-client-test-rp-backchannel-rpinitlogout-with-nonce': refusedLogoutToken(
    'refuses a logout token with a nonce: it may be an ID token',
    { claims: { nonce: 'a-nonce' } },
    'nonce',
  ),
  'oidcc-client-test-rp-backchannel-rpinitlogout-wrong-alg': refusedLogoutToken(
    'refuses a logout token that another algorithm has signed than the one agreed',
    { signature: 'HS256' },
    'algorithm',
  ),
  'oidcc-client-test-rp-backchannel-rpinitlogout-wrong-aud': refusedLogoutToken(
    'refuses a logout token for another client',
    { claims: { aud: 'permits' } },
    'audience',
  ),
  'oidcc-client-test-rp-backchannel-rpinitlogout-wrong-event': refusedLogoutToken(
    'refuses a logout token with another event',
    { claims: { events: { 'https://example.gov/event/other': {} } } },
    'event',
  ),
  'oidcc-client-test-rp-backchannel-rpinitlogout-wrong-iss': refusedLogoutToken(
    'refuses a logout token of another issuer',
    { claims: { iss: 'https://other.example' } },
    'issuer',
  ),
  // What the frames say to each other needs a browser: `session-management.browser.test.ts` beside this file.
  'oidcc-client-test-session-management': {
    demand:
      'shows the provider’s frame with the state of its session, and asks it before and after a sign-out',
    async play(place) {
      const page = await (await place.browser.fetch(`${place.home}/session/check-session`)).text()
      expect(page).toContain(`${place.provider.issuer}/frame`)
      expect(page).toMatch(/"sessionState":"[\w-]+\.salt"/)
      await signOut(place)
      const over = await (await place.browser.fetch(`${place.home}/session/check-session`)).text()
      expect(over).not.toContain(`${place.provider.issuer}/frame`)
    },
  },

  // Modules of other profiles.
  'oidcc-client-test-3rd-party-init-login': {
    demand: 'begins a sign-in for whoever is sent to its login address, and completes it',
    path: '/session/login?iss=https%3A%2F%2Fother.example&target_link_uri=https%3A%2F%2Fevil.example%2F',
    async play(place) {
      expect(await place.state()).toMatchObject({ state: 'active' })
    },
  },
  'oidcc-client-test-missing-aud': refusedIdToken(
    'refuses an ID token that is for no client',
    { claims: { aud: undefined } },
    { problem: 'audience' },
  ),
  'oidcc-client-test-invalid-sig-es256': {
    ...refusedIdToken(
      'refuses an ID token whose signature by ES256 is not the provider’s',
      undefined,
      { problem: 'signature' },
      { idTokenAlgorithms: ['ES256'] },
    ),
    bend: { algorithm: 'ES256', idToken: { signature: 'broken' } },
  },
  // Signatures by a shared secret cannot be configured: whoever verifies one could have made it.
  'oidcc-client-test-invalid-sig-hs256': refusedIdToken(
    'refuses an ID token that a shared secret has signed',
    { signature: 'HS256' },
    { problem: 'algorithm', given: 'HS256' },
  ),
  'oidcc-client-test-nonce-unless-code-flow': {
    demand: 'sends a nonce where an ID token comes by the browser',
    oidc: { responseType: 'code id_token' },
  },
  'oidcc-client-test-missing-chash': refusedFrontIdToken(
    'refuses an ID token beside a code that it does not name',
    { c_hash: undefined },
  ),
  'oidcc-client-test-invalid-chash': refusedFrontIdToken('refuses an ID token beside another code', {
    c_hash: 'AAAAAAAAAAAAAAAAAAAAAA',
  }),
  'oidcc-client-test-userinfo-bearer-header': {
    demand: 'sends the access token to UserInfo in the header',
  },
  'oidcc-client-test-userinfo-signed': {
    demand: 'takes UserInfo as a signed token',
    bend: { signsUserInfo: true },
    oidc: { scope: 'openid email' },
    async play(place) {
      expect(await place.state()).toMatchObject({ claims: { email: 'ana@example.gov' } })
    },
  },
  // With the code flow the suite leaves it out; the two come from the token endpoint here.
  'oidcc-client-test-invalid-athash': refusedIdToken(
    'refuses an access token beside an ID token that names another one',
    { claims: { at_hash: 'AAAAAAAAAAAAAAAAAAAAAA' } },
    { problem: 'at-hash' },
  ),
  'oidcc-client-test-dynamic-registration': {
    demand: 'registers itself at the provider',
    reason: 'played by the command `registration --register`, at npm’s `oidc-provider`',
  },
  'oidcc-client-test-userinfo-bearer-body': {
    demand: 'sends the access token to UserInfo in a form',
    reason:
      'RFC 6750 recommends the header, and every provider must take it there; there is no other way here',
  },
  'oidcc-client-test-aggregated-claims': {
    demand: 'reads claims that another provider has signed',
    reason:
      'not played: claims of third parties are not taken: one provider is configured, with one set of keys',
  },
  'oidcc-client-test-distributed-claims': {
    demand: 'fetches claims from another provider',
    reason: 'not played: nothing is fetched from an address that a claim names',
  },
  'oidcc-client-test-discovery-webfinger-acct': {
    demand: 'finds the issuer by an address like that of a mailbox',
    reason: issuerIsConfigured,
  },
  'oidcc-client-test-discovery-webfinger-url': {
    demand: 'finds the issuer by an address that a person types',
    reason: issuerIsConfigured,
  },
  'oidcc-client-test-request-uri-signed-none': {
    demand: 'passes its request as an unsigned object by reference',
    reason: 'not played: a request that must not be changed on its way is pushed (RFC 9126)',
  },
  'oidcc-client-test-request-uri-signed-rs256': {
    demand: 'passes its request as a signed object by reference',
    reason: 'not played: a request that must not be changed on its way is pushed (RFC 9126)',
  },
  'oidcc-client-test-missing-athash': {
    demand: 'refuses an ID token beside an access token that it does not name',
    reason: noFront,
  },
  'oidcc-client-test-mtls-endpoint-aliases': {
    demand: 'uses the endpoints for clients with a certificate',
    reason:
      'clients do not prove themselves by a TLS certificate here; `private_key_jwt` is the way without a secret',
  },
}
