/** @module A link that names a provider, followed by somebody who is signed in at another one. */
import { describe, expect, it } from 'vitest'
import { createPlural, type Given, home, originOf } from '../protocol-sessions/plural.js'

const openid: Given = { protocol: 'oidc' }
const saml: Given = { protocol: 'saml' }
const shared: Given = { protocol: 'shared-cookie' }
const link = (via: string) => `${home}/session/login?returnTo=/private&via=${via}`

describe.each([
  ['adfs', 'eduid'],
  ['eduid', 'adfs'],
])('GET login?via= of another provider: signed in at %s, named %s', (first, other) => {
  const signedIn = async () => {
    const place = await createPlural({ adfs: openid, eduid: saml })
    const browser = place.browser()
    await place.signIn(browser, first)
    return { place, browser }
  }

  it.each([
    ['a page of ours', home],
    ['the address bar', undefined],
  ])('leads there from %s; the session goes on until the person has signed in', async (_name, from) => {
    const { place, browser } = await signedIn()
    const asked = await place.follow(browser, await browser.open(link(other), { from }))
    expect(new URL(asked.url).origin).toBe(originOf(other))
    expect(await place.who(browser)).toMatchObject({ state: 'active', provider: first })
    const done = await place.goOn(browser, asked)
    expect([done.url, done.status]).toEqual([`${home}/private`, 200])
    expect(await place.who(browser)).toMatchObject({ state: 'active', provider: other })
  })

  it('from another site takes nobody’s session away: the person goes on', async () => {
    const { place, browser } = await signedIn()
    const visit = await browser.open(link(other), { from: 'https://evil.example' })
    expect([visit.url, visit.path.length]).toEqual([`${home}/private`, 2])
    expect(await place.who(browser)).toMatchObject({ state: 'active', provider: first })
  })

  it('leads on where it names the provider of the session', async () => {
    const { browser } = await signedIn()
    expect((await browser.open(link(first), { from: home })).path).toEqual([link(first), `${home}/private`])
  })
})

describe('GET login?via= with the shared cookie', () => {
  it.each(['adfs', 'eduid'])('says that its sign-in has to go first, and then leads to %s', async (other) => {
    const place = await createPlural({ 'shared-cookie': shared, adfs: openid, eduid: saml })
    const browser = place.browser()
    await place.signIn(browser, 'shared-cookie')
    const page = await browser.open(link(other), { from: home })
    expect([page.url, page.status]).toEqual([link(other), 200])
    expect(await place.who(browser)).toMatchObject({ state: 'active', provider: 'shared-cookie' })
    const asked = await place.follow(
      browser,
      await browser.press(page, 'Sign out everywhere and sign in again'),
    )
    expect(new URL(asked.url).origin).toBe(originOf(other))
  })

  it('leads on to the page where it names another way to the cookie’s own provider', async () => {
    const place = await createPlural({ 'shared-cookie': shared, oidc: openid })
    const browser = place.browser()
    await place.signIn(browser, 'shared-cookie')
    expect((await browser.open(link('oidc'), { from: home })).url).toBe(`${home}/private`)
  })
})

it('what the application says of a request comes before a link, for whoever is signed in as well', async () => {
  const select = () => 'adfs'
  const place = await createPlural({ adfs: openid, eduid: saml }, { suite: { login: { select } } })
  const browser = place.browser()
  await place.signIn(browser, 'adfs')
  expect((await browser.open(link('eduid'), { from: home })).url).toBe(`${home}/private`)
})
