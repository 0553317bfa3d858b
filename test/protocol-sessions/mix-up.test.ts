/** @module An answer counts only at the provider that its `state` belongs to, whoever brings it there. */
import { inflateRawSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { Browser } from '../support/browser.js'
import { createPlural, home, originOf, type PluralPlace, routesOf } from './plural.js'

const rejected = ({ events }: PluralPlace) =>
  events.flatMap((event) => (event.type === 'token.rejected' ? [event.problem] : []))

/** Begins a login there and does not go on: the address at the provider. */
async function begin(browser: Browser, name: string): Promise<URL> {
  const answer = await browser.fetch(`${home}/session/login?returnTo=/private&via=${name}`)
  return new URL(answer.headers.get('location') ?? '')
}

/** Its state stands in the address, and not in a request that was pushed. */
const openid = { protocol: 'oidc', oidc: { pushedAuthorization: 'never' } } as const

const pairsOf = (names: readonly string[]) =>
  names.flatMap((one) => names.flatMap((other) => (one === other ? [] : [[one, other] as const])))

describe('RPI-06 the answer to a login by OpenID Connect', () => {
  it.each(pairsOf(['oidc', 'adfs', 'entra']))('of %s is not taken at %s', async (honest, other) => {
    const place = await createPlural({
      oidc: openid,
      adfs: openid,
      entra: openid,
    })
    const browser = place.browser()
    const leaving = await begin(browser, honest)
    const state = leaving.searchParams.get('state') ?? ''
    for (const iss of [originOf(other), originOf(honest)]) {
      const query = new URLSearchParams({ state, code: 'stolen', iss })
      const visit = await browser.open(`${routesOf(other)}callback?${query}`, { from: originOf(other) })
      expect([visit.status, visit.body]).toEqual([
        400,
        expect.stringContaining('does not belong to a sign-in'),
      ])
    }
    expect(rejected(place)).toEqual(['other-provider', 'other-provider'])
    expect(place.called.filter((url) => url.endsWith('/token.idp'))).toEqual([])
    // Nothing is used up: the person goes on at the provider that was chosen.
    const done = await place.goOn(browser, await browser.open(leaving.href, { from: home }))
    expect([done.status, done.url]).toEqual([200, `${home}/private`])
    expect(
      new Set(place.called.flatMap((url) => (url.endsWith('/token.idp') ? [new URL(url).origin] : []))),
    ).toEqual(new Set([originOf(honest)]))
  })

  it('of a silent check is not taken at another provider either', async () => {
    const place = await createPlural({ adfs: openid, entra: openid })
    const browser = place.browser()
    await place.signIn(browser, 'adfs')
    const answer = await browser.fetch(`${routesOf('adfs')}reauthenticate?begin=top&returnTo=/private`)
    const state = new URL(answer.headers.get('location') ?? '').searchParams.get('state') ?? ''
    const query = new URLSearchParams({ state, error: 'login_required' })
    const visit = await browser.open(`${routesOf('entra')}reauthenticate?${query}`, {
      from: originOf('entra'),
    })
    expect(visit.status).toBe(400)
    expect(await place.who(browser)).toMatchObject({ state: 'active' })
  })

  it('is looked for at the other providers while somebody is signed in, and told', async () => {
    const place = await createPlural({ adfs: openid, entra: openid })
    const browser = place.browser()
    const state = (await begin(browser, 'entra')).searchParams.get('state')
    await place.signIn(browser, 'adfs')
    const visit = await browser.open(`${routesOf('adfs')}callback?state=${state}&code=x`)
    expect([visit.url, rejected(place)]).toEqual([`${home}/`, ['other-provider']])
  })

  it('counts up to five logins in flight, at whichever providers', async () => {
    const place = await createPlural({
      oidc: openid,
      adfs: openid,
      entra: openid,
    })
    const browser = place.browser()
    const leaving: URL[] = []
    for (const name of ['adfs', 'entra', 'oidc', 'adfs', 'entra', 'oidc']) {
      place.travel(1)
      leaving.push(await begin(browser, name))
    }
    const names = (await browser.cookieNames(home)).filter((name) => name.includes('.oidc.'))
    const kept = leaving.map((url) =>
      names.some((name) => name.endsWith(url.searchParams.get('state')?.slice(0, 8) ?? '?')),
    )
    expect(kept).toEqual([false, true, true, true, true, true])
  })
})

describe('RPI-06 the answer by SAML', () => {
  it.each(pairsOf(['saml', 'eduid']))('to a login of %s is not taken at %s', async (honest, other) => {
    const place = await createPlural({ saml: { protocol: 'saml' }, eduid: { protocol: 'saml' } })
    const browser = place.browser()
    const leaving = await begin(browser, honest)
    const relayState = leaving.searchParams.get('RelayState') ?? ''
    const message = await place.emulator(other).saml.response({
      serviceProvider: `${routesOf(other)}metadata`,
      username: 'ana',
      inResponseTo: / ID="([^"]*)"/.exec(xmlOf(leaving))?.[1],
      relayState,
    })
    const visit = await place.follow(
      browser,
      await browser.post(message.url, message.fields, { from: originOf(other) }),
    )
    expect(visit.status).toBe(400)
    expect(rejected(place)).toEqual(['saml other-provider'])
    expect(await place.who(browser)).toMatchObject({ state: 'anonymous' })
    const done = await place.goOn(browser, await browser.open(leaving.href, { from: home }))
    expect([done.status, done.url]).toEqual([200, `${home}/private`])
  })

  it.each(pairsOf(['saml', 'eduid']))('to a logout at %s is not taken from %s', async (honest, other) => {
    const place = await createPlural({ saml: { protocol: 'saml' }, eduid: { protocol: 'saml' } })
    const browser = place.browser()
    await place.signIn(browser, honest)
    const answer = await browser.fetch(`${home}/session/logout`, {
      method: 'POST',
      headers: { accept: 'application/json' },
    })
    const { continueAt } = (await answer.json()) as { continueAt: string }
    place.sites.set(originOf(honest), async () => new Response('away'))
    const sent = new URL((await browser.open(continueAt, { from: home })).url)
    const message = await place.emulator(other).saml.logoutResponse({
      serviceProvider: `${routesOf(other)}metadata`,
      binding: 'redirect',
      inResponseTo: / ID="([^"]*)"/.exec(xmlOf(sent))?.[1] ?? '',
      relayState: sent.searchParams.get('RelayState') ?? '',
    })
    const visit = await browser.open(message.url, { from: originOf(other) })
    expect(visit.status).toBe(400)
    const told = place.events.flatMap((event) =>
      event.type === 'logout.leg' && event.leg === 'identity' ? [event.state] : [],
    )
    expect(told).not.toContain('done')
  })
})

function xmlOf(address: URL): string {
  const message = address.searchParams.get('SAMLRequest') ?? ''
  return inflateRawSync(Buffer.from(message, 'base64')).toString()
}
