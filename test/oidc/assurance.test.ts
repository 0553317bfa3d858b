/** @module How many factors a login has shown, and that guard and callback judge it by one rule. */
import { describe, expect, it } from 'vitest'
import { methodOf } from '../../src/oidc/session-claims.js'
import { createPlace, home } from '../attacks/oidc-place.js'
import { clientId, issuer } from './signer.js'

const kinds = {
  known: ['pwd', 'pin', 'kba'],
  had: ['otp', 'sms', 'tel', 'hwk', 'swk', 'sc', 'pop'],
  been: ['face', 'fpt', 'iris', 'retina', 'vbm'],
} as const
const words = Object.values(kinds).flat()
/** Words of RFC 8176 that stand for nothing known, had or been, and words that nobody has registered. */
const none = ['user', 'geo', 'rba', 'wia', 'did', 'federated', 'MFA', 'constructor', '']

const method = (amr: unknown, more: Record<string, unknown> = {}) =>
  methodOf({ iss: issuer, sub: 'ana', aud: clientId, iat: 0, exp: 1, amr, ...more })

describe('HLD-01 amr', () => {
  it.each([...words, ...none])('%s alone is one factor, and so it is beside words without a kind', (word) => {
    expect(method([word])).toBe('password')
    expect(method([word, word])).toBe('password')
    expect(method([word, ...none])).toBe('password')
  })

  it('counts words of one kind as one factor, and words of two kinds as two', () => {
    const kindOf = (word: string) =>
      Object.values(kinds).findIndex((each) => each.some((known) => known === word))
    for (const one of words) {
      for (const other of words) {
        expect(method([one, other]), `${one} ${other}`).toBe(
          kindOf(one) === kindOf(other) ? 'password' : 'mfa',
        )
      }
    }
  })

  it.each([[['mfa']], [['mca']], [['pwd', 'mfa']], [['user', 'mca']]])('%j says two by itself', (amr) => {
    expect(method(amr)).toBe('mfa')
  })

  it.each([['mfa'], [{ 0: 'mfa' }], [[['mfa']]], [[1, null, {}]], [null], [2]])('%j says nothing', (amr) => {
    expect(method(amr)).toBe('password')
  })
})

describe('HLD-01 guard and callback', () => {
  const stepUp = async (claims: Record<string, unknown>, path = '/mfa') => {
    const trustedClaims = ['acr', 'amr', 'isMfa', 'isDidAuth']
    const place = createPlace({ oidc: { stepUpAcrValues: ['urn:mfa'], trustedClaims } })
    const browser = place.browser()
    await browser.open(`${home}/session/login?returnTo=/private`)
    place.travel(5)
    place.script.claims = claims
    const back = await browser.open(`${home}${path}`)
    const again = await browser.fetch(`${home}${path}`, { headers: { accept: 'application/json' } })
    return { place, back, again }
  }

  it.each([
    [{ amr: ['pwd', 'otp', 'mfa'] }],
    [{ amr: ['pin', 'hwk'] }],
    [{ isMfa: true }],
    [{ isDidAuth: true }],
    [{ acr: 'urn:mfa' }],
  ])('let in who has shown %j for requireMfa()', async (claims) => {
    const { place, back, again } = await stepUp(claims)
    expect(place.asked.at(-1)?.get('acr_values')).toBe('urn:mfa')
    expect([back.status, new URL(back.url).pathname]).toEqual([200, '/mfa'])
    expect(again.status).toBe(200)
  })

  it.each([[{ amr: ['sms'] }], [{ amr: ['pwd', 'kba'] }], [{ acr: 'urn:else' }], [{}]])(
    'keep out who has shown %j, and both say so',
    async (claims) => {
      const { back, again } = await stepUp(claims)
      expect([back.status, new URL(back.url).pathname]).toEqual([401, '/session/callback'])
      expect(again.status).toBe(401)
      const problem = (await again.json()) as Record<string, string>
      expect(problem).toMatchObject({ code: 'insufficient_user_authentication' })
      expect(new URL(problem.login ?? '', home).searchParams.get('secondFactor')).toBe('1')
      expect(again.headers.get('www-authenticate')).toContain('acr_values="2"')
    },
  )

  it('ask for the level where a level is asked for: two factors that stand for level 1 do not pass either', async () => {
    const weak = await stepUp({ amr: ['mfa'] }, '/level2')
    expect([weak.back.status, weak.again.status]).toEqual([401, 401])
    const strong = await stepUp({ acr: 'urn:mfa' }, '/level2')
    expect([strong.back.status, strong.again.status]).toEqual([200, 200])
  })

  it('ask nobody again at the login route who has shown two factors', async () => {
    const place = createPlace({ oidc: { stepUpAcrValues: ['urn:mfa'] } })
    const browser = place.browser()
    place.script.claims = { amr: ['pwd', 'otp'] }
    await browser.open(`${home}/session/login?returnTo=/private`)
    const asked = place.asked.length
    const visit = await browser.open(`${home}/session/login?returnTo=/mfa&secondFactor=1`)
    expect([visit.status, new URL(visit.url).pathname, place.asked.length]).toEqual([200, '/mfa', asked])
  })
})

it('HLD-01 HLD-06 the second factor of one tab is not in the cookie of another that came back at once', async () => {
  const place = createPlace()
  place.script.sid = 's1'
  const browser = place.browser()
  const backs: string[] = []
  for (const tab of ['one', 'two']) {
    const left = await browser.fetch(`${home}/session/login?returnTo=/${tab}`)
    const back = await browser.fetch(left.headers.get('location') ?? '')
    backs.push(back.headers.get('location') ?? '')
  }
  const [first = '', second = ''] = backs
  place.script.claims = { amr: ['pwd'] }
  await browser.open(first)
  const cookie = await browser.cookieHeader(home)
  place.travel(1)
  place.script.claims = { amr: ['pwd', 'otp'] }
  await browser.open(second)
  expect(await place.state(browser)).toMatchObject({ state: 'active', assurance: { method: 'mfa' } })
  const old = await place.handle(new Request(`${home}/open`, { headers: { cookie } }))
  expect(await old.json()).toMatchObject({ state: 'anonymous' })
})
