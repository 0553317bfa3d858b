/**
 * @module The advisories of mod_auth_openidc of August 2026 (2.4.20.1) and November 2026 (2.4.20.x), wherever what they
 * are about is here too. What they say of secrets in logs is `oidc-secrets.test.ts`, of sessions of the last release
 * `test/upgrade`. We register nowhere by ourselves, so that no answer of a registration can be a command.
 */
import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { issuer, logoutToken } from '../oidc/signer.js'
import { createSamlWorld, urlOf } from '../saml/world.js'
import { serve } from '../support/world.js'
import { createSigningKey, createTestCache, createTestVerifier, createToken } from '../tokens/signing.js'
import { createPlace, home } from './oidc-place.js'

const script = '"><script>alert(1)</script>'

describe('August 2026: the session of before the login', () => {
  it('is not kept: what an attacker has planted in the browser stays the attacker’s, or is nobody’s', async () => {
    const place = createPlace()
    const attacker = place.browser()
    place.script.sub = 'mallory'
    await attacker.open(`${home}/session/login?returnTo=/private`)
    const [planted] = (await attacker.jar.getCookies(home)).filter(({ key }) => key.endsWith('.sid'))
    const victim = place.browser()
    await victim.jar.setCookie(`${planted?.key}=${planted?.value}; Path=/; Secure`, home)
    place.script.sub = 'ana'
    await victim.open(`${home}/session/login?returnTo=/private&maxAge=1`)
    place.travel(2)
    const page = await victim.open(`${home}/session/login?returnTo=/private&maxAge=1`)
    expect(page.status).toBeLessThan(500)
    const [own] = (await victim.jar.getCookies(home)).filter(({ key }) => key.endsWith('.sid'))
    expect(own?.value).not.toBe(planted?.value)
    expect((await place.state(attacker)).sub ?? 'mallory').toBe('mallory')
    // The first octet is that of no format: what a newer release may have sealed is no stranger's.
    const random = Buffer.concat([Buffer.of(0x80), randomBytes(95)]).toString('base64url')
    for (const chosen of ['', 'x', random]) {
      const fixed = place.browser()
      await fixed.jar.setCookie(`${planted?.key}=${chosen}; Path=/; Secure`, home)
      await fixed.open(`${home}/session/login?returnTo=/private`)
      const [after] = (await fixed.jar.getCookies(home)).filter(({ key }) => key.endsWith('.sid'))
      expect(after?.value).not.toBe(chosen)
      expect(await place.state(fixed)).toMatchObject({ state: 'active' })
    }
  })

  it('is another at each login, also of the same person, and the old cookie is dead', async () => {
    const place = createPlace()
    place.script.sid = 's1'
    const browser = place.browser()
    await browser.open(`${home}/session/login?returnTo=/private`)
    const before = await browser.jar.getCookieString(home)
    place.travel(400)
    place.script.authTime = place.now() / 1000
    await browser.open(`${home}/recent`)
    expect(await place.state(browser)).toMatchObject({ state: 'active' })
    const replayed = await place.handle(new Request(`${home}/open`, { headers: { cookie: before } }))
    expect(await replayed.json()).toMatchObject({ state: 'anonymous' })
  })
})

it('August 2026: a logout token is taken once, on whichever instance, and ends no session that began since', async () => {
  const place = createPlace()
  const browser = place.browser()
  await browser.open(`${home}/session/login?returnTo=/private`)
  const seconds = place.now() / 1000
  const jwt = logoutToken({ sub: 'ana', sid: undefined, iat: seconds, exp: seconds + 60 })
  const tell = (suite = place.suite) =>
    serve(
      suite,
      new Request(`${home}/session/backchannel-logout`, {
        method: 'POST',
        body: new URLSearchParams({ logout_token: jwt }),
      }),
    )
  expect((await tell()).status).toBe(200)
  expect(await place.state(browser)).toMatchObject({ state: 'anonymous' })
  place.travel(2)
  place.script.authTime = place.now() / 1000
  const again = place.browser()
  await again.open(`${home}/session/login?returnTo=/private`)
  expect(await place.state(again)).toMatchObject({ state: 'active' })
  const twin = place.twin()
  expect([(await tell()).status, (await tell(twin)).status]).toEqual([400, 400])
  expect(await place.state(again)).toMatchObject({ state: 'active' })
})

it('August 2026: a front-channel call, which nobody has proven, revokes no token at the provider', async () => {
  const revoked: string[] = []
  const place = createPlace({ description: { revocation_endpoint: `${issuer}/revoke` } })
  place.script.sid = 's1'
  place.script.answers['/revoke'] = () => {
    revoked.push('token')
    return new Response('')
  }
  const browser = place.browser()
  await browser.open(`${home}/session/login?returnTo=/private`)
  const query = new URLSearchParams({ iss: issuer, sid: 's1' })
  await place.handle(new Request(`${home}/session/frontchannel-logout?${query}`))
  await browser.fetch(`${home}/session/frontchannel-logout?${query}`)
  expect(await place.state(browser)).toMatchObject({ state: 'anonymous' })
  expect(revoked).toEqual([])
})

describe('August 2026: a parameter of a protocol that comes twice', () => {
  it.each(['state', 'code', 'iss', 'error', 'session_state', 'id_token'])(
    '%s brings nobody in, whichever of the two is good',
    async (name) => {
      for (const isFirst of [true, false]) {
        const place = createPlace()
        const browser = place.browser()
        const started = await browser.fetch(`${home}/session/login?returnTo=/private`, {
          headers: { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', 'sec-fetch-site': 'none' },
        })
        const provider = await browser.fetch(started.headers.get('location') ?? '')
        const back = new URL(provider.headers.get('location') ?? '')
        const good = back.searchParams.get(name) ?? 'good'
        back.searchParams.delete(name)
        for (const value of isFirst ? [good, 'other'] : ['other', good]) back.searchParams.append(name, value)
        const answer = await browser.fetch(back.href)
        expect(answer.status).toBeGreaterThanOrEqual(400)
        expect(answer.status).toBeLessThan(500)
        expect(await place.state(browser)).toMatchObject({ state: 'anonymous' })
        expect(place.grants).toEqual([])
      }
    },
  )

  it.each([
    ['iss', 'iss=a&iss=b&sid=s1'],
    ['sid', `iss=${encodeURIComponent(issuer)}&sid=s1&sid=s2`],
  ])('%s of a front-channel logout ends nothing', async (_, query) => {
    const place = createPlace()
    place.script.sid = 's1'
    const browser = place.browser()
    await browser.open(`${home}/session/login?returnTo=/private`)
    expect((await place.handle(new Request(`${home}/session/frontchannel-logout?${query}`))).status).toBe(400)
    expect(await place.state(browser)).toMatchObject({ state: 'active' })
  })

  it('logout_token ends nothing', async () => {
    const place = createPlace()
    const browser = place.browser()
    await browser.open(`${home}/session/login?returnTo=/private`)
    const good = logoutToken({
      sub: 'ana',
      sid: undefined,
      iat: place.now() / 1000,
      exp: place.now() / 1000 + 60,
    })
    for (const pair of [
      [good, 'x'],
      ['x', good],
      [good, good],
    ]) {
      const body = new URLSearchParams(pair.map((value) => ['logout_token', value] as [string, string]))
      const request = new Request(`${home}/session/backchannel-logout`, { method: 'POST', body })
      expect((await place.handle(request)).status).toBe(400)
    }
    expect(await place.state(browser)).toMatchObject({ state: 'active' })
  })

  it.each(['SAMLResponse', 'SAMLRequest', 'RelayState', 'SigAlg', 'Signature'])(
    '%s of a SAML message is refused',
    async (name) => {
      const world = await createSamlWorld()
      const parameters: [string, string][] = [
        [name === 'SAMLResponse' ? 'SAMLResponse' : 'SAMLRequest', 'a'],
        ['RelayState', 'b'],
        ['SigAlg', 'c'],
        ['Signature', 'd'],
        [name, 'e'],
      ]
      const query = new URLSearchParams(parameters)
      const { handle } = world.party('benefits')
      const at = (route: string) => `${urlOf('benefits')}/session/saml/${route}`
      expect((await handle(new Request(`${at('slo')}?${query}`))).status).toBe(400)
      if (name === 'SigAlg' || name === 'Signature') return
      for (const route of ['slo', 'acs']) {
        expect((await handle(new Request(at(route), { method: 'POST', body: query }))).status).toBe(400)
      }
    },
  )
})

describe('August 2026: script in a page of ours', () => {
  const names = [
    'returnTo',
    'state',
    'code',
    'error',
    'error_description',
    'iss',
    'sid',
    'via',
    'next',
    'level',
  ]
  const routes = [
    'login',
    'logout',
    'return',
    'callback',
    'frontchannel-logout',
    'check-session',
    'reauthenticate',
    'profile',
  ]
  const harmless = async (response: Response) => {
    const body = await response.text()
    expect(body).not.toContain('<script>alert')
    expect(body).not.toMatch(/="[^"]*"><script/)
    const type = response.headers.get('content-type') ?? ''
    if (type.includes('html'))
      expect(response.headers.get('content-security-policy')).toMatch(/default-src 'none'/)
  }

  it.each(routes)('%s repeats nothing that was sent as it came, by address or by form', async (route) => {
    const place = createPlace({ oidc: { responseMode: 'form_post' } })
    const query = new URLSearchParams(names.map((name) => [name, script]))
    const headers = { accept: 'text/html', 'sec-fetch-site': 'same-origin', 'accept-language': script }
    await harmless(await place.handle(new Request(`${home}/session/${route}?${query}`, { headers })))
    const body = new URLSearchParams([...query, [script, script]])
    await harmless(
      await place.handle(new Request(`${home}/session/${route}`, { method: 'POST', headers, body })),
    )
  })

  it('nor does a page of SAML that sends a form on', async () => {
    const world = await createSamlWorld()
    const { handle } = world.party('benefits')
    for (const kind of ['SAMLResponse', 'SAMLRequest']) {
      for (const route of ['acs', 'slo']) {
        const body = new URLSearchParams({ [kind]: script, RelayState: script, [script]: script })
        const address = `${urlOf('benefits')}/session/saml/${route}`
        await harmless(
          await handle(new Request(address, { method: 'POST', body, headers: { accept: 'text/html' } })),
        )
      }
    }
  })
})

describe('November 2026: tokens that were verified', () => {
  it('are remembered by the verifier that did it, and by no other of the same keys', async () => {
    const signer = createSigningKey('k1')
    const setting = createTestCache([signer])
    const open = createTestVerifier(setting.cache)
    const others = [
      createTestVerifier(setting.cache, { audience: 'https://another.example.gov' }),
      createTestVerifier(setting.cache, {
        issuers: new Map([['https://another.example.gov', setting.cache]]),
      }),
      createTestVerifier(setting.cache, { algorithms: ['ES256'] }),
      createTestVerifier(setting.cache, { kindClaims: ['isAnother'] }),
    ]
    const token = createToken(signer, { aud: undefined })
    for (let turn = 0; turn < 2; turn += 1) {
      expect(await open.verify(token, setting.clock())).toMatchObject({ valid: true })
      for (const other of others) {
        const strict = createToken(signer, { aud: 'https://somebody.example.gov', jti: 'other' })
        expect(await other.verify(strict, setting.clock())).toMatchObject({ valid: false })
      }
    }
    for (const other of others.slice(1)) {
      expect(await other.verify(token, setting.clock())).toMatchObject({ valid: false })
      expect(await open.verify(token, setting.clock())).toMatchObject({ valid: true })
    }
  })
})

describe('November 2026: headers that say who somebody is', () => {
  const names = [
    'remote-user',
    'x-remote-user',
    'x-forwarded-user',
    'x-citizen',
    'x-citizen-sub',
    'oidc-claim-sub',
    'citizen',
    'authorization',
  ]
  const spellings = (name: string) => [
    name,
    name.toUpperCase(),
    name.replaceAll('-', '_'),
    name.replaceAll('-', '.'),
  ]

  it('are believed in no spelling', async () => {
    const place = createPlace()
    for (const name of names.flatMap(spellings)) {
      const headers = { [name]: 'ana', accept: 'application/json' }
      expect((await place.handle(new Request(`${home}/private`, { headers }))).status, name).toBe(401)
    }
  })

  it('and those that say where a request comes from are compared as the server compares them', async () => {
    const place = createPlace()
    const browser = place.browser()
    await browser.open(`${home}/session/login?returnTo=/private`)
    const cookie = await browser.jar.getCookieString(home)
    const logout = (headers: Record<string, string>) =>
      place.handle(new Request(`${home}/session/logout`, { method: 'POST', headers: { cookie, ...headers } }))
    for (const name of ['sec_fetch_site', 'sec.fetch.site', 'x-sec-fetch-site', 'sec-fetch-site-']) {
      await logout({ 'sec-fetch-site': 'cross-site', origin: 'https://evil.example', [name]: 'same-origin' })
      await logout({ origin: 'https://evil.example', [name]: 'same-origin' })
      expect(await place.state(browser), name).toMatchObject({ state: 'active' })
    }
    await logout({ 'Sec-Fetch-Site': 'same-origin' })
    expect(await place.state(browser)).toMatchObject({ state: 'anonymous' })
  })
})

describe('November 2026: words in events, which become labels of metrics', () => {
  it('are a few, whatever strangers send', async () => {
    const place = createPlace()
    const words = new Set<string>()
    const letters = () => randomBytes(8).toString('hex').replaceAll(/\d/g, 'x')
    for (let turn = 0; turn < 60; turn += 1) {
      const browser = place.browser()
      const started = await browser.fetch(`${home}/session/login`, {
        headers: { 'sec-fetch-mode': 'navigate' },
      })
      const state = new URL(started.headers.get('location') ?? '').searchParams.get('state') ?? ''
      await browser.fetch(`${home}/session/callback?${new URLSearchParams({ state, error: letters() })}`)
      const sid = letters()
      await place.handle(
        new Request(`${home}/session/frontchannel-logout?${new URLSearchParams({ iss: issuer, sid })}`),
      )
      const junk = logoutToken({ [letters()]: letters() }, { kid: letters(), typ: letters() })
      const body = new URLSearchParams({ logout_token: junk })
      await place.handle(new Request(`${home}/session/backchannel-logout`, { method: 'POST', body }))
    }
    for (const event of place.events) {
      words.add(
        [event.type, ...['problem', 'code', 'reason'].map((name) => Reflect.get(event, name))].join(' '),
      )
    }
    expect(words.size).toBeLessThan(12)
    expect([...words].join()).toContain('answer-unknown')
  })
})

it('November 2026: two suites in one process never take each other’s persons', async () => {
  const [place, other] = [createPlace(), createPlace()]
  const browser = place.browser()
  await browser.open(`${home}/session/login?returnTo=/private`)
  const cookie = await browser.jar.getCookieString(home)
  for (let turn = 0; turn < 2; turn += 1) {
    expect(await place.state(browser)).toMatchObject({ state: 'active' })
    const answer = await other.handle(new Request(`${home}/open`, { headers: { cookie } }))
    expect(await answer.json()).toMatchObject({ state: 'anonymous' })
  }
})
