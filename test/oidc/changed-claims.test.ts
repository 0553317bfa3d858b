/** @module What later ID tokens say of the person: at a refresh, and in the answer to a silent check. */
import { Secret, TOTP } from 'otpauth'
import { describe, expect, it } from 'vitest'
import { personOfLater } from '../../src/oidc/session-claims.js'
import { createPlace, home } from '../attacks/oidc-place.js'
import { TestExchange } from '../support/exchange.js'
import { clientId, issuer, optionsWith } from './signer.js'
import { createOidcWorld, providerUrl, urlOf } from './world.js'

type Given = Record<string, unknown>

const trustedClaims = ['acr', 'amr', 'isMfa', 'isDidAuth']
const options = optionsWith({ stepUpAcrValues: ['urn:mfa'], trustedClaims })
const later = (known: Given, claims: Given) => {
  const times = { iss: issuer, sub: 'ana', iat: 1, exp: 2 }
  const person = personOfLater({ ...times, ...known }, { ...times, aud: clientId, ...claims }, options)
  const { iss: _iss, sub: _sub, iat: _iat, exp: _exp, ...rest } = person.claims
  return { ...person, claims: rest }
}

describe('a later ID token', () => {
  it.each<[string, Given, Given, Given]>([
    ['replaces a role', { role: 'clerk' }, { role: 'judge' }, { role: 'judge' }],
    ['takes a role back that it does not name', { role: 'clerk' }, {}, {}],
    [
      'keeps what describes the person',
      { name: 'Ana', email: 'a@x', email_verified: true },
      {},
      { name: 'Ana', email: 'a@x', email_verified: true },
    ],
    [
      'says nothing of a new address',
      { email: 'a@x', email_verified: true },
      { email: 'b@x' },
      { email: 'b@x' },
    ],
    [
      'keeps how the person authenticated',
      { acr: 'urn:mfa', amr: ['pwd', 'otp'], auth_time: 1 },
      {},
      { acr: 'urn:mfa', amr: ['pwd', 'otp'], auth_time: 1 },
    ],
    [
      'keeps no older amr beside its acr',
      { acr: 'urn:mfa', amr: ['pwd', 'otp'] },
      { acr: 'urn:one' },
      { acr: 'urn:one' },
    ],
    ['is not its own subject', {}, { nonce: 'n', sid: 's', at_hash: 'h', azp: clientId, jti: 'j' }, {}],
  ])('%s', (_, known, claims, expected) => {
    expect(later(known, claims).claims).toEqual(expected)
  })

  it.each<[Given, Given, number, string]>([
    [{ acr: 'urn:mfa' }, {}, 2, 'mfa'],
    [{ acr: 'urn:mfa' }, { acr: 'urn:one' }, 1, 'password'],
    [{ acr: 'urn:one' }, { acr: 'urn:mfa' }, 2, 'mfa'],
    [{ amr: ['pwd', 'otp'] }, { amr: ['pwd'] }, 1, 'password'],
    [{ isMfa: true, isDidAuth: true }, { isMfa: false, isDidAuth: false }, 1, 'password'],
    [{ isMfa: false }, { isMfa: true, isDidAuth: true }, 2, 'did'],
  ])('after %j amounts, with %j, to level %d and %s', (known, claims, level, method) => {
    expect(later(known, claims)).toMatchObject({ level, method })
  })

  it('brings, and keeps, nothing of what its provider is not believed', () => {
    const times = { iss: issuer, sub: 'ana', iat: 1, exp: 2 }
    const said = { isMfa: true, isDidAuth: true }
    const afterwards = (known: Given, claims: Given) =>
      personOfLater({ ...times, ...known }, { ...times, aud: clientId, ...claims }, optionsWith())
    for (const [known, claims] of [
      [said, {}],
      [{}, said],
      [said, said],
    ] as const) {
      expect(afterwards({ amr: ['pwd'], ...known }, claims)).toEqual({
        claims: { ...times, amr: ['pwd'] },
        level: 1,
        method: 'password',
      })
    }
  })
})

/** An application whose session has a name and a role; what the provider says next, and how it says it. */
async function signedIn(first: Given) {
  const place = createPlace({
    oidc: { stepUpAcrValues: ['urn:mfa'], trustedClaims },
    suite: { application: { sensitivity: 'basic' } },
  })
  const { script, suite } = place
  script.claims = { name: 'Ana', ...first }
  script.sid = 's1'
  const browser = place.browser()
  await browser.open(`${home}/session/login?returnTo=/private`)
  let serial = 0
  const ways = {
    async refresh() {
      script.onToken = () => {
        serial += 1
        const tokens = {
          access_token: `new-${serial}`,
          refresh_token: `next-${serial}`,
          token_type: 'Bearer',
          expires_in: 3600,
        }
        return Response.json({ ...tokens, id_token: place.idToken() })
      }
      place.travel(1801)
    },
    async 'silent check'() {
      place.travel(60)
      await browser.open(`${home}/session/reauthenticate?begin=top&returnTo=/private`, { from: home })
    },
  }
  const citizen = async () => {
    const headers = { cookie: await browser.cookieHeader(home), 'sec-fetch-mode': 'navigate' }
    return suite.authenticate(new TestExchange(new Request(`${home}/private`, { headers })))
  }
  const answerOf = async (path: string) => (await browser.fetch(`${home}${path}`)).status
  return { place, script, ways, citizen, answerOf }
}

describe.each(['refresh', 'silent check'] as const)('a %s', (way) => {
  const changed = async (before: Given, after: Given) => {
    const { script, ways, citizen, answerOf, place } = await signedIn(before)
    const first = await citizen()
    script.claims = after
    await ways[way]()
    const next = await citizen()
    expect([next.session?.startedAt, next.session?.publicId]).toEqual([
      first.session?.startedAt,
      first.session?.publicId,
    ])
    // The authentication itself is as old as it was.
    expect(next.assurance?.authenticatedAt).toBe(first.assurance?.authenticatedAt)
    return {
      claims: next.claims,
      assurance: next.assurance,
      mfa: await answerOf('/mfa'),
      level2: await answerOf('/level2'),
      place,
    }
  }

  it('lets in whom the provider knows by two factors by now, and reads a new role', async () => {
    const { claims, assurance, mfa, level2 } = await changed(
      { acr: 'urn:one' },
      { acr: 'urn:mfa', role: 'clerk' },
    )
    expect([claims?.role, claims?.name, assurance?.level, mfa, level2]).toEqual(['clerk', 'Ana', 2, 200, 200])
  })

  it('turns away at once whose second factor, and role, the provider has taken back', async () => {
    const { claims, assurance, mfa, level2 } = await changed(
      { acr: 'urn:mfa', role: 'clerk' },
      { acr: 'urn:one' },
    )
    expect([claims?.role, claims?.name, assurance?.level, mfa, level2]).toEqual([
      undefined,
      'Ana',
      1,
      401,
      401,
    ])
  })

  it('knows Eeze', async () => {
    const { assurance, mfa, level2 } = await changed(
      { isMfa: false, isDidAuth: false },
      { isMfa: true, isDidAuth: true },
    )
    expect([assurance?.method, mfa, level2]).toEqual(['did', 200, 200])
  })
})

it('a refresh whose ID token is not to be used changes nothing of the person', async () => {
  const { script, ways, citizen } = await signedIn({ acr: 'urn:mfa', role: 'clerk' })
  script.claims = { acr: 'urn:one', aud: 'another-client' }
  await ways.refresh()
  const { claims, assurance, degraded } = await citizen()
  expect([claims?.role, assurance?.level, degraded]).toEqual(['clerk', 2, true])
})

describe('a silent check whose ID token is older than what is known', () => {
  const shown = async (before: Given, given: Given) => {
    const { script, ways, citizen, place } = await signedIn(before)
    const iat = place.now() / 1000 - 30
    script.claims = { ...given, iat }
    await ways['silent check']()
    const { claims, assurance, degraded } = await citizen()
    return [claims?.role, assurance?.level, degraded]
  }

  it('raises nothing, and gives no role back', async () => {
    expect(await shown({ acr: 'urn:one' }, { acr: 'urn:mfa', role: 'clerk' })).toEqual([undefined, 1, false])
  })

  it('takes a factor away, and changes nothing else', async () => {
    const [before, given] = [
      { acr: 'urn:mfa', role: 'clerk' },
      { acr: 'urn:one', role: 'judge' },
    ]
    expect(await shown(before, given)).toEqual(['clerk', 1, false])
  })
})

it('a refresh without an ID token changes nothing of the person', async () => {
  const { place, citizen } = await signedIn({ acr: 'urn:mfa', role: 'clerk' })
  place.travel(1801)
  const { claims, assurance, degraded } = await citizen()
  expect([claims?.role, assurance?.level, degraded]).toEqual(['clerk', 2, false])
})

it('who adds an authenticator app at the provider is known by two factors here with the next refresh', async () => {
  const party = { oidc: { stepUpAcrValues: ['urn:emulator:mfa'] } }
  const world = await createOidcWorld({
    benefits: { ...party, suite: { application: { sensitivity: 'basic' } } },
  })
  const browser = world.browser()
  const url = urlOf('benefits')
  await world.signIn(browser, 'benefits')
  expect((await browser.fetch(`${url}/mfa`)).status).toBe(401)
  await browser.post(`${providerUrl}/profile`, { enrol: 'totp' })
  const { body } = await browser.open(`${providerUrl}/profile`)
  const secret = Secret.fromBase32(/id="secret">([A-Z2-7]{32})</.exec(body)?.[1] ?? '')
  const code = new TOTP({ secret }).generate({ timestamp: world.now() })
  await browser.post(`${providerUrl}/profile`, { code })
  world.travel(301)
  expect((await browser.fetch(`${url}/mfa`)).status).toBe(200)
  expect((await browser.fetch(`${url}/level2`)).status).toBe(200)
})
