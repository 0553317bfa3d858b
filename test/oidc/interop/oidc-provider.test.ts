/** @module Interop over real HTTP with npm's `oidc-provider`. */
import { generateKeyPairSync } from 'node:crypto'
import { afterEach, expect, it } from 'vitest'
import type { Browser, Visit } from '../../support/browser.js'
import { createInteropWorld, type InteropWorld } from './provider.js'

let world: InteropWorld
afterEach(() => world.close())

const stateOf = async (browser: Browser): Promise<unknown> => (await browser.fetch(`${world.home}/`)).json()

/** Its confirmation page has a button outside of the form. */
async function confirmLogout(browser: Browser, page: Visit): Promise<Visit> {
  const [, xsrf = ''] = /name="xsrf" value="([^"]*)"/.exec(page.body) ?? []
  return browser.post(`${world.issuer}/session/end/confirm`, { xsrf, logout: 'yes' })
}

it('signs in by a pushed request and a code, and says who it is', async () => {
  world = await createInteropWorld()
  const browser = world.browser()
  const visit = await world.signIn(browser)
  expect([visit.url, visit.body]).toEqual([`${world.home}/private`, '{"sub":"ana"}'])
  expect(world.calls[0]?.get('code_verifier')).toMatch(/^[\w-]{43}$/)
}, 60_000)

it('renews with rotation, each refresh token once', async () => {
  world = await createInteropWorld({ refresh: { afterSeconds: 20 } })
  const browser = world.browser()
  await world.signIn(browser)
  for (let round = 0; round < 2; round += 1) {
    world.travel(21)
    await Promise.all(Array.from({ length: 10 }, () => browser.fetch(`${world.home}/private`)))
  }
  const used = world.calls.map((form) => form.get('refresh_token')).filter((token) => token !== null)
  expect(used).toHaveLength(2)
  expect(new Set(used).size).toBe(2)
  expect(await stateOf(browser)).toMatchObject({ state: 'active' })
  expect(world.events.filter(({ type }) => type === 'identity.refreshed')).toHaveLength(2)
}, 60_000)

it('signs out at the provider, and comes back', async () => {
  world = await createInteropWorld()
  const browser = world.browser()
  await world.signIn(browser)
  const page = await browser.post(`${world.home}/session/logout`, { scope: 'everywhere', returnTo: '/' })
  expect(new URL(page.url).pathname).toBe('/session/end')
  const done = await confirmLogout(browser, page)
  expect([done.url, JSON.parse(done.body)]).toMatchObject([`${world.home}/`, { state: 'anonymous' }])
  const login = await browser.open(`${world.home}/private`)
  expect(new URL(login.url).origin).toBe(world.issuer)
}, 60_000)

it('is told of a sign-out elsewhere by the back channel', async () => {
  world = await createInteropWorld()
  const browser = world.browser()
  await world.signIn(browser)
  const other = world.browser()
  await world.signIn(other, 'ben')
  // The person signs out at the provider itself; this application is only told.
  const page = await browser.open(`${world.issuer}/session/end`)
  await confirmLogout(browser, page)
  expect(await stateOf(browser)).toMatchObject({ state: 'anonymous', reason: 'identity-ended' })
  expect(await stateOf(other)).toMatchObject({ state: 'active', sub: 'ben' })
}, 60_000)

it('follows a rotation of the provider’s keys', async () => {
  world = await createInteropWorld()
  await world.signIn(world.browser())
  world.rotateKeys()
  const browser = world.browser()
  expect((await world.signIn(browser, 'cleo')).body).toBe('{"sub":"cleo"}')
  expect(world.events.some(({ type }) => type === 'token.rejected')).toBe(false)
}, 60_000)

it('checks silently at top level: the same person goes on', async () => {
  world = await createInteropWorld()
  const browser = world.browser()
  await world.signIn(browser)
  const visit = await browser.open(`${world.home}/session/reauthenticate?begin=top&returnTo=/private`, {
    from: world.home,
  })
  expect([visit.url, visit.status]).toEqual([`${world.home}/private`, 200])
  expect(visit.path.some((url) => url.includes('/auth?'))).toBe(true)
}, 60_000)

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const encryption = {
  userinfo_encrypted_response_alg: 'ECDH-ES',
  userinfo_encrypted_response_enc: 'A256GCM',
  jwks: { keys: [{ ...publicKey.export({ format: 'jwk' }), use: 'enc', kid: 'enc-1' }] },
}
const userInfoDecryptionKeys = [{ ...privateKey.export({ format: 'jwk' }), alg: 'ECDH-ES', kid: 'enc-1' }]

it.each([
  ['plain', {}, {}],
  ['signed', { userinfo_signed_response_alg: 'RS256' }, {}],
  [
    'signed and encrypted',
    { userinfo_signed_response_alg: 'RS256', ...encryption },
    { userInfoDecryptionKeys },
  ],
])(
  'takes UserInfo %s, at sign-in and at a refresh',
  async (_, client, keys) => {
    const userInfo = { userInfoClaims: ['email'], userInfoAtRefresh: true, ...keys }
    const scope = 'openid offline_access email'
    world = await createInteropWorld({ ...userInfo, scope, refresh: { afterSeconds: 20 } }, { client })
    const browser = world.browser()
    await world.signIn(browser)
    expect(await stateOf(browser)).toMatchObject({ state: 'active', email: 'ana@example.gov' })
    world.travel(21)
    await browser.fetch(`${world.home}/private`)
    expect(world.events.filter(({ type }) => type === 'identity.refreshed')).toHaveLength(1)
    expect(await stateOf(browser)).toMatchObject({ state: 'active', email: 'ana@example.gov' })
    expect(world.events.filter(({ type }) => type === 'userinfo.failed')).toEqual([])
  },
  60_000,
)

it('signs in by the hybrid flow, whose answer is a form', async () => {
  const client = {
    response_types: ['code id_token'],
    grant_types: ['authorization_code', 'implicit', 'refresh_token'],
    // Of a web client it takes no http address here, not even of the machine itself.
    application_type: 'native',
  }
  world = await createInteropWorld({ responseType: 'code id_token' }, { client })
  const browser = world.browser()
  const form = await world.signIn(browser)
  expect(form.body).toMatch(/name="id_token" value="ey/)
  const done = await browser.press(await browser.press(form, /./), /^Continue$/)
  expect([done.url, done.body]).toEqual([`${world.home}/private`, '{"sub":"ana"}'])
  expect(world.events.filter(({ type }) => type === 'token.rejected')).toEqual([])
}, 60_000)
