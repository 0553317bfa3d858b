/** @module The hybrid flow (`code id_token`): the ID token that comes by the browser, and the code that it is bound to. */
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { OidcOptions } from '../../src/oidc/options.js'
import { redeemCode } from '../../src/oidc/token-answer.js'
import type { Browser, Visit } from '../support/browser.js'
import { createSigningKey, keySet } from '../tokens/signing.js'
import { createScriptedProvider } from './scripted-provider.js'
import { clientId, idToken, issuer, key, leftHalf, seconds, start } from './signer.js'
import { createOidcWorld, type OidcWorld, providerUrl, stateAt, urlOf } from './world.js'

const home = urlOf('benefits')
const codeHash = leftHalf('the-code')

describe('an answer with both', () => {
  /** Takes an answer to the token endpoint; `back`: claims of the ID token there. */
  async function redeem(
    front: string | undefined,
    {
      back = {},
      options = {},
      keys = [key],
    }: { back?: Record<string, unknown>; options?: Partial<OidcOptions>; keys?: (typeof key)[] } = {},
  ) {
    const place = createScriptedProvider({ responseType: 'code id_token', ...options })
    place.answers['/jwks'] = () => keySet(keys)
    const [first = key] = keys
    place.answers['/token'] = () =>
      Response.json({
        access_token: 'a',
        token_type: 'Bearer',
        expires_in: 60,
        id_token: idToken(back, {}, first),
      })
    const exchange = {
      code: 'the-code',
      idToken: front,
      isHybrid: true,
      issuer: undefined,
      state: 'the-state',
      redirectUri: 'https://benefits.example.gov/session/callback',
      nonce: 'the-nonce',
      verifier: 'v'.repeat(43),
      maxAgeSeconds: undefined,
      sessionState: undefined,
    }
    const connection = await place.provider.connect()
    const result = await redeemCode(connection, place.options, exchange, start)
    return { result, asked: place.askedAt('/token').length }
  }

  it('is taken where the code is the one that the ID token names', async () => {
    const { result, asked } = await redeem(idToken({ c_hash: codeHash }))
    expect(result).toMatchObject({ claims: { sub: 'ana' } })
    expect(asked).toBe(1)
    const withState = idToken({ c_hash: codeHash, s_hash: leftHalf('the-state') })
    expect((await redeem(withState)).result).toMatchObject({ claims: { sub: 'ana' } })
  })

  it.each([
    ['ES384', 'sha384'],
    ['PS512', 'sha512'],
    ['EdDSA', 'sha512'],
  ])('is bound by the digest of %s', async (algorithm, hash) => {
    const other = createSigningKey('key-2', algorithm)
    const given = { options: { idTokenAlgorithms: [algorithm] }, keys: [other] }
    const good = idToken({ c_hash: leftHalf('the-code', hash) }, {}, other)
    expect((await redeem(good, given)).result).toMatchObject({ claims: { sub: 'ana' } })
    const short = idToken({ c_hash: leftHalf('the-code', 'sha256') }, {}, other)
    expect((await redeem(short, given)).result).toMatchObject({ problem: 'c-hash' })
  })

  it.each([
    ['no ID token', undefined, 'answer-response-type'],
    ['no c_hash', idToken(), 'c-hash'],
    ['the c_hash of another code', idToken({ c_hash: leftHalf('another-code') }), 'c-hash'],
    [
      'the whole digest',
      idToken({ c_hash: createHash('sha256').update('the-code').digest('base64url') }),
      'c-hash',
    ],
    ['a c_hash that is no text', idToken({ c_hash: [codeHash] }), 'c-hash'],
    ['the s_hash of another state', idToken({ c_hash: codeHash, s_hash: leftHalf('x') }), 's-hash'],
    ['no nonce', idToken({ c_hash: codeHash, nonce: undefined }), 'nonce'],
    ['the nonce of another login', idToken({ c_hash: codeHash, nonce: 'another' }), 'nonce'],
    ['another issuer', idToken({ c_hash: codeHash, iss: 'https://evil.example' }), 'issuer'],
    ['another client', idToken({ c_hash: codeHash, aud: 'permits' }), 'audience'],
    ['an old ID token', idToken({ c_hash: codeHash, iat: seconds - 600, exp: seconds - 300 }), 'expired'],
    ['a key of a stranger', idToken({ c_hash: codeHash }, {}, createSigningKey('key-1')), 'signature'],
    ['no signature', `${idToken({ c_hash: codeHash }, { alg: 'none' })}`, 'algorithm'],
    ['junk', 'junk', 'malformed'],
  ])('is refused before the code is spent: %s', async (_, front, problem) => {
    const { result, asked } = await redeem(front)
    expect(result).toMatchObject({ problem })
    expect(asked).toBe(0)
  })

  it('is refused where the ID token of the token endpoint is about somebody else', async () => {
    const { result } = await redeem(idToken({ c_hash: codeHash }), { back: { sub: 'ben' } })
    expect(result).toEqual({ problem: 'id-tokens-differ' })
  })

  it('tells whose issuer or audience came, and wants the nonce at the token endpoint as well', async () => {
    const { result } = await redeem(idToken({ c_hash: codeHash, aud: 'permits' }))
    expect(result).toMatchObject({ difference: { given: 'permits', expected: clientId } })
    const other = await redeem(idToken({ c_hash: codeHash }), { back: { nonce: 'another' } })
    expect(other.result).toMatchObject({ problem: 'nonce' })
    expect(issuer).toMatch(/^https:/)
  })
})

describe('a sign-in at the emulator', () => {
  const hybrid = {
    oidc: { responseType: 'code id_token' },
    client: { response_types: ['code id_token'] },
  } as const
  const begin = async (more: Partial<OidcOptions> = {}) => {
    const world = await createOidcWorld({ benefits: { ...hybrid, oidc: { ...hybrid.oidc, ...more } } })
    const browser = world.browser()
    return { world, browser, form: await world.signIn(browser, 'benefits') }
  }
  /** The form of the provider, which brings no cookie of ours, and then our own page. */
  const goOn = async (browser: Browser, form: Visit) =>
    browser.press(await browser.press(form, /./), /^Continue$/)
  const problems = (world: OidcWorld) =>
    world
      .party('benefits')
      .events.flatMap((event) => (event.type === 'token.rejected' ? [event.problem] : []))

  it.each(['auto', 'never'] as const)(
    'comes back by a form, and never in an address: PAR %s',
    async (par) => {
      const { world, browser, form } = await begin({ pushedAuthorization: par })
      expect(form.body).toContain(`action="${home}/session/callback"`)
      expect(form.body).toMatch(/name="id_token" value="ey/)
      const done = await goOn(browser, form)
      expect([done.url, done.status]).toEqual([`${home}/private`, 200])
      expect(await stateAt(browser, 'benefits')).toMatchObject({ state: 'active' })
      expect([...form.path, ...done.path].filter((url) => /[?&#](?:code|id_token)=/.test(url))).toEqual([])
      expect(await browser.cookieNames(home)).toEqual(['__Host-benefits.sid'])
      expect(problems(world)).toEqual([])
    },
  )

  it.each([
    ['wrong-c-hash', 'c-hash'],
    ['without-c-hash', 'c-hash'],
    ['wrong-at-hash', 'at-hash'],
    ['wrong-nonce', 'nonce'],
    ['wrong-iss', 'issuer'],
    ['wrong-aud', 'audience'],
    ['late', 'expired'],
    ['other-sub-beside-code', 'id-tokens-differ'],
  ] as const)('is refused where the provider is wrong: %s', async (fault, problem) => {
    const world = await createOidcWorld({ benefits: hybrid })
    world.emulator.faults.set({ openid: { idToken: fault } })
    const browser = world.browser()
    const done = await goOn(browser, await world.signIn(browser, 'benefits'))
    expect(done.status).toBe(401)
    expect(problems(world)).toEqual([problem])
    const redeemed = world.called.filter(({ url }) => url.endsWith('/token.idp'))
    expect(redeemed).toHaveLength(problem === 'id-tokens-differ' || problem === 'at-hash' ? 1 : 0)
  })

  it('takes no code of another login, though its form came to this browser', async () => {
    const { world, browser, form } = await begin()
    const other = world.browser()
    const theirs = await world.signIn(other, 'benefits')
    const field = (page: Visit, name: string) =>
      new RegExp(`name="${name}" value="([^"]*)"`).exec(page.body)?.[1] ?? ''
    for (const swapped of [['code'], ['id_token'], ['code', 'id_token']]) {
      const mine = await browser.open(`${home}/session/login?returnTo=/private`)
      const fields = Object.fromEntries(
        ['code', 'id_token', 'iss', 'state'].map((name) => [
          name,
          field(swapped.includes(name) ? theirs : mine, name),
        ]),
      )
      const sent = await browser.post(`${home}/session/callback`, fields, { from: providerUrl })
      expect((await browser.press(sent, /^Continue$/)).status).toBe(401)
    }
    expect(problems(world)).toEqual(['c-hash', 'nonce', 'nonce'])
    expect(await stateAt(browser, 'benefits')).toMatchObject({ state: 'anonymous' })
    expect((await goOn(browser, form)).url).toBe(`${home}/private`)
  })

  it('tells the provider’s refusal, and takes a code without its ID token from nobody', async () => {
    const { world, browser } = await begin()
    const open = async (fields: Record<string, string>) => {
      const page = await browser.open(`${home}/session/login?returnTo=/private`)
      const state = /name="state" value="([^"]*)"/.exec(page.body)?.[1] ?? ''
      const iss = providerUrl
      const sent = await browser.post(
        `${home}/session/callback`,
        { ...fields, state, iss },
        { from: providerUrl },
      )
      return browser.press(sent, /^Continue$/)
    }
    expect((await open({ error: 'access_denied' })).status).toBe(401)
    expect((await open({ code: 'c' })).status).toBe(401)
    expect((await open({ id_token: 'c' })).status).toBe(401)
    expect(problems(world)).toEqual(['answer-access_denied', 'answer-response-type', 'answer-response-type'])
  })

  it('renews tokens, steps up and checks silently as with the code alone', async () => {
    const { world, browser, form } = await begin()
    await goOn(browser, form)
    world.travel(301)
    expect((await browser.fetch(`${home}/private`)).status).toBe(200)
    const check = `${home}/session/reauthenticate?begin=top&returnTo=/private`
    const answer = await browser.open(check, { from: home })
    const fragment = new URLSearchParams(new URL(answer.url).hash.slice(1))
    // A browser keeps the fragment to itself; our page hands it on.
    expect([...fragment.keys()].sort()).toEqual(['code', 'id_token', 'iss', 'session_state', 'state'])
    const done = await browser.post(`${home}/session/reauthenticate`, Object.fromEntries(fragment), {
      from: home,
    })
    expect([done.url, done.status]).toEqual([`${home}/private`, 200])
    expect(await stateAt(browser, 'benefits')).toMatchObject({ state: 'active', degraded: false })
    expect(world.called.filter(({ body }) => body.includes('grant_type=authorization_code'))).toHaveLength(2)
    const { events } = world.party('benefits')
    expect(events.filter(({ type }) => type === 'identity.refreshed')).toHaveLength(1)
    expect(events.filter(({ type }) => type === 'warning' || type === 'token.rejected')).toEqual([])
  })
})
