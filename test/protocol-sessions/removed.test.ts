/** @module A provider that is removed while people are on their way to it, or sign out of its sessions: what they are told. */
import { describe, expect, it } from 'vitest'
import { createPlural, type Given, home, originOf, routesOf } from './plural.js'

const openid: Given = { protocol: 'oidc' }
const saml: Given = { protocol: 'saml' }
const kinds = [
  ['OpenID Connect', openid],
  ['SAML', saml],
] as const
const byScript = { method: 'POST', from: home }
const program = { accept: 'application/json' }

/** A place with a provider that will be removed, and one that stays. */
const withAdfs = (adfs: Given) => createPlural({ adfs, entra: openid })

describe.each(kinds)('a sign-out of a session by %s whose provider was removed', (_kind, adfs) => {
  it('does not say that the session at the provider has ended, for nobody can ask it', async () => {
    const place = await withAdfs(adfs)
    const browser = place.browser()
    await place.signIn(browser, 'adfs')
    await place.suite.protocols.remove('adfs')
    const receipt = await (await browser.fetch(`${home}/session/logout`, byScript)).json()
    expect(receipt).toMatchObject({
      outcome: 'partial',
      legs: [
        { leg: 'sessions', state: 'done' },
        { leg: 'cookies', state: 'done' },
        { leg: 'identity', target: 'adfs', state: 'skipped', reason: 'provider-removed' },
      ],
    })
    expect(receipt).not.toHaveProperty('continueAt')
  })

  it('says so to a person, offers no other attempt, and is nothing that a later sign-out waits for', async () => {
    const place = await withAdfs(adfs)
    const browser = place.browser()
    await place.signIn(browser, 'adfs')
    await place.suite.protocols.remove('adfs')
    const { body } = await browser.post(`${home}/session/logout`)
    expect(body).toContain('cannot be ended from here')
    expect(body).not.toContain('at the sign-in service.')
    expect(body).not.toContain('Finish signing out')
    await place.signIn(browser, 'entra')
    const visit = await place.follow(browser, await browser.post(`${home}/session/logout`))
    expect(visit.body).toContain('You are signed out here and at the sign-in service.')
  })

  it('visits the others all the same, where it is to sign in anew', async () => {
    const place = await withAdfs(adfs)
    const browser = place.browser()
    await place.signIn(browser, 'adfs')
    await place.suite.protocols.remove('adfs')
    const anew = { next: 'login', returnTo: '/private' }
    const visit = await browser.post(`${home}/session/logout`, anew)
    expect(visit.path.some((url) => url.startsWith(originOf('entra')))).toBe(true)
  })
})

describe.each(kinds)('a provider of %s that is removed while somebody is there', (_kind, adfs) => {
  it('to sign in: the page says that it is gone, and not that the address is misspelt', async () => {
    const place = await withAdfs(adfs)
    const browser = place.browser()
    const form = await browser.open(`${home}/session/login?returnTo=/private&via=adfs`)
    await place.suite.protocols.remove('adfs')
    const visit = await place.goOn(browser, form)
    expect(visit.url.startsWith(routesOf('adfs'))).toBe(true)
    expect(visit.status).toBe(404)
    expect(visit.body).toContain('not part of this application any more')
    expect(visit.body).not.toContain('misspelt')
  })

  it('is told to a program as a reason', async () => {
    const place = await withAdfs(adfs)
    await place.suite.protocols.remove('adfs')
    const route = adfs === saml ? 'soap' : 'backchannel-logout'
    const request = new Request(`${routesOf('adfs')}${route}`, { method: 'POST', headers: program })
    const answer = await place.handle(request)
    expect([answer.status, await answer.json()]).toMatchObject([
      404,
      { code: 'not-found', reason: 'provider-removed' },
    ])
    const other = await place.handle(new Request(`${routesOf('adfs')}other`, { headers: program }))
    expect(await other.json()).toMatchObject({ reason: 'no-such-route' })
  })

  it('to sign out: the receipt is shown, and says what is not known', async () => {
    const place = await withAdfs(adfs)
    const browser = place.browser()
    await place.signIn(browser, 'adfs')
    const emulator = place.emulator('adfs')
    place.sites.set(originOf('adfs'), async (request) => {
      if (/\/(slo|logout\.idp)\b/.test(request.url)) await place.suite.protocols.remove('adfs')
      return emulator.handle(request)
    })
    const visit = await place.follow(browser, await browser.post(`${home}/session/logout`))
    expect(visit.url.startsWith(home)).toBe(true)
    expect(visit.status).toBe(200)
    expect(visit.body).toContain('Session at the sign-in service')
    // By OpenID Connect the way back says that it has ended; a message of SAML can be read no more.
    expect(visit.body).toContain(adfs === saml ? 'not confirmed' : 'You are signed out here and')
    expect(visit.body).not.toContain('Finish signing out')
  })

  it('to sign out: whoever is signed in by then is led out of nothing', async () => {
    const place = await withAdfs(saml)
    const browser = place.browser()
    await place.signIn(browser, 'adfs')
    await browser.fetch(`${home}/session/logout`, byScript)
    await place.suite.protocols.remove('adfs')
    await place.signIn(browser, 'entra')
    await browser.open(`${routesOf('adfs')}slo?SAMLResponse=x`)
    expect(await place.who(browser)).toMatchObject({ state: 'active', provider: 'entra' })
  })
})

it('without a name is told to have been removed too', async () => {
  const place = await createPlural({ oidc: openid, saml })
  const ask = async (path: string) =>
    (await place.handle(new Request(`${home}/session/${path}`, { headers: program }))).json()
  await place.suite.protocols.remove('oidc')
  expect(await ask('callback')).toMatchObject({ reason: 'provider-removed' })
  expect(await ask('saml/slo')).not.toMatchObject({ reason: 'provider-removed' })
  await place.suite.protocols.remove('saml')
  expect(await ask('saml/slo')).toMatchObject({ reason: 'provider-removed' })
})
