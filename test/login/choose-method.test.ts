/** @module Which of several ways in a login takes: named, remembered, chosen by the application, or by the person. */
import { describe, expect, it, vi } from 'vitest'
import type { Exchange } from '../../src/index.js'
import { createPlural, type Given, home, originOf, type PluralPlace } from '../protocol-sessions/plural.js'

const openid: Given = { protocol: 'oidc' }
const titled: Given = { protocol: 'oidc', oidc: { displayName: 'Ministry <A>', logo: '/adfs.svg' } }
const login = `${home}/session/login?returnTo=/private`

/** The buttons of a page on which one chooses. */
const choicesOf = (body: string): readonly string[] =>
  [...body.matchAll(/<li><form\b.*?<button>(.*?)<\/button>/gs)].map(([, label = '']) => label)

/** Where a login leads that nobody is asked anything at. */
const ledTo = async (place: PluralPlace, browser = place.browser(), url = login) =>
  new URL((await browser.open(url)).url).origin

describe('the page on which a person chooses among several ways in', () => {
  it('shows each with name and logo, and lets in no other picture', async () => {
    const place = await createPlural({ adfs: titled, entra: openid, saml: { protocol: 'saml' } })
    const page = await place.browser().open(login)
    expect([page.status, page.url]).toEqual([200, login])
    expect(choicesOf(page.body)).toEqual([
      '<img src="/adfs.svg" alt="" height="24">Ministry &lt;A&gt;',
      new URL(originOf('entra')).host,
      new URL(originOf('saml')).host,
    ])
    expect(page.headers.get('content-security-policy')).toContain("img-src 'self';")
  })

  it('leads to the provider whose button is pressed, and is not shown to that browser again', async () => {
    const place = await createPlural({ adfs: titled, entra: openid })
    const browser = place.browser()
    const page = await browser.open(`${login}&level=1`)
    const visit = await place.goOn(browser, await browser.press(page, originOf('entra').slice(8)))
    expect([visit.url, await place.who(browser)]).toMatchObject([`${home}/private`, { state: 'active' }])
    await browser.jar.setCookie('__Host-benefits.sid=; Max-Age=0; Secure; Path=/', home)
    expect(await ledTo(place, browser)).toBe(home)
    expect(await place.who(browser)).toMatchObject({ state: 'active', provider: 'entra' })
    expect(await ledTo(place)).toBe(home)
  })

  it('is there again for whoever wants another way', async () => {
    const place = await createPlural({ adfs: titled, entra: openid })
    const browser = place.browser()
    await place.signIn(browser, 'entra')
    place.travel(12 * 3600 + 1)
    const ended = await browser.open(login)
    expect(ended.body).toContain('Your session has ended')
    const page = await browser.press(ended, 'Other ways to sign in')
    expect(choicesOf(page.body)).toHaveLength(2)
    const visit = await place.goOn(browser, await browser.press(page, /Ministry/))
    expect([visit.url, await place.who(browser)]).toMatchObject([`${home}/private`, { provider: 'adfs' }])
  })

  it('remembers in a cookie that says nothing to anybody', async () => {
    const place = await createPlural({ adfs: titled, entra: openid })
    const browser = place.browser()
    await place.signIn(browser, 'entra')
    const cookie = (await browser.jar.getCookies(home)).find(({ key }) => key.endsWith('.via'))
    expect(cookie).toMatchObject({ httpOnly: true, secure: true, sameSite: 'lax', path: '/' })
    expect(cookie?.value).not.toContain('entra')
    await browser.jar.setCookie(`${cookie?.key}=entra; Secure; Path=/`, home)
    await browser.jar.setCookie('__Host-benefits.sid=; Max-Age=0; Secure; Path=/', home)
    expect(choicesOf((await browser.open(login)).body)).toHaveLength(2)
  })

  it('does not show those that are not offered; a link leads there', async () => {
    const hidden: Given = { protocol: 'oidc', oidc: { offered: false } }
    const place = await createPlural({ adfs: titled, entra: openid, tenant: hidden })
    const page = await place.browser().open(login)
    expect(choicesOf(page.body)).toHaveLength(2)
    const browser = place.browser()
    await place.signIn(browser, 'tenant')
    expect(await place.who(browser)).toMatchObject({ provider: 'tenant' })
  })

  it('is not needed for the only one that is offered, and says so where none is', async () => {
    const hidden: Given = { protocol: 'oidc', oidc: { offered: false } }
    const one = await createPlural({ adfs: titled, tenant: hidden })
    expect(await ledTo(one)).toBe(originOf('adfs'))
    const none = await createPlural({ first: hidden, second: hidden })
    expect((await none.browser().open(login)).body).toContain('many sign-in services')
  })

  it.each([
    [['oidc', 'saml'], 'oidc'],
    [['saml', 'oidc'], 'saml'],
    [['shared-cookie', 'oidc'], 'shared-cookie'],
  ] as const)(
    'is not shown where none of %j has a name: the first is taken, as in 0.1.0',
    async (names, first) => {
      const place = await createPlural(
        Object.fromEntries(names.map((name) => [name, { protocol: name }])) as Record<string, Given>,
      )
      const visit = await place.follow(place.browser(), await place.browser().open(login))
      expect(new URL(visit.url).origin).toBe(originOf(first))
      const browser = place.browser()
      await place.signIn(browser, first)
      expect((await browser.cookieNames(home)).some((name) => name.endsWith('.via'))).toBe(false)
    },
  )
})

describe('a way in that is named', () => {
  it('is taken whatever was chosen before', async () => {
    const place = await createPlural({ adfs: titled, entra: openid })
    const browser = place.browser()
    await place.signIn(browser, 'entra')
    await browser.jar.setCookie('__Host-benefits.sid=; Max-Age=0; Secure; Path=/', home)
    expect(await ledTo(place, browser, `${login}&via=adfs`)).toBe(originOf('adfs'))
  })

  it('and not known here is answered with 503, by no other provider, and the others are a link away', async () => {
    const place = await createPlural({ adfs: titled, entra: openid })
    const visit = await place.browser().open(`${login}&via=tenant`)
    expect([visit.status, visit.headers.get('retry-after')]).toEqual([503, '5'])
    expect(visit.body).toContain('Other ways to sign in')
  })
})

describe('login.select', () => {
  const byHost = (given: Exchange) => given.header('x-tenant')
  const hidden: Given = { protocol: 'oidc', oidc: { offered: false } }
  const place = () => createPlural({ adfs: hidden, entra: hidden }, { suite: { login: { select: byHost } } })
  const open = async (tenant: string, url = login) => {
    const at = await place()
    return at.browser().open(url, { headers: { 'x-tenant': tenant } })
  }

  it('says which provider a request means, before any link', async () => {
    expect(new URL((await open('entra')).url).origin).toBe(originOf('entra'))
    expect(new URL((await open('adfs', `${login}&via=entra`)).url).origin).toBe(originOf('adfs'))
  })

  it('is answered with 503 where it names one that is not known', async () => {
    expect((await open('other')).status).toBe(503)
  })

  it('leaves the choice to what else there is where it says nothing, or nonsense, and that is told', async () => {
    const at = await createPlural(
      { adfs: titled, entra: openid },
      { suite: { login: { select: (() => 7) as never } } },
    )
    expect(choicesOf((await at.browser().open(login)).body)).toHaveLength(2)
    expect(at.events).toEqual([expect.objectContaining({ type: 'warning', code: 'login-select' })])
  })
})

describe('login.select, which is a program of the application', () => {
  const byPage = ({ target }: Exchange) => (target.includes('staff') ? 'entra' : undefined)

  it('sees of a button what it sees of the link that leads to the same page', async () => {
    const place = await createPlural(
      { adfs: titled, entra: openid },
      { suite: { login: { select: byPage } } },
    )
    const browser = place.browser()
    await place.signIn(browser, 'adfs')
    place.travel(12 * 3600 + 1)
    const ended = await browser.open(`${home}/session/login?returnTo=/staff`)
    const visit = await browser.press(ended, /^Sign in again|^Sign in$/)
    expect(new URL(visit.url).origin).toBe(originOf('entra'))
  })

  it('sees the address as the application does, behind a proxy that takes a prefix away', async () => {
    const seen: string[] = []
    const select = ({ target }: Exchange) => {
      seen.push(target)
      return undefined
    }
    const suite = { application: { path: '/app' }, login: { select } } as never
    const place = await createPlural({ adfs: titled, entra: openid }, { suite })
    await place.browser().open(login)
    expect(seen).toEqual(['/session/login?returnTo=/private'])
  })

  it('ends no process by a promise that fails, which is no name', async () => {
    const failed = vi.fn()
    process.on('unhandledRejection', failed)
    const select = (async () => Promise.reject(new Error('no tenants'))) as never
    const place = await createPlural({ adfs: titled, entra: openid }, { suite: { login: { select } } })
    expect(choicesOf((await place.browser().open(login)).body)).toHaveLength(2)
    await new Promise(setImmediate)
    process.off('unhandledRejection', failed)
    expect(failed).not.toHaveBeenCalled()
    expect(place.events).toEqual([expect.objectContaining({ type: 'warning', code: 'login-select' })])
  })
})

describe('a name that is not known here', () => {
  const unknown = (name: string) =>
    expect.objectContaining({
      type: 'warning',
      code: 'provider-unknown',
      message: expect.stringContaining(name),
    })

  it.each([
    ['login.select', '', 'elsewhere'],
    ['a link', '&via=tenant', undefined],
    ['a guard', '&provider=tenant', undefined],
  ])('in %s is told once, for whoever has written it', async (_where, query, named) => {
    const place = await createPlural(
      { adfs: titled, entra: openid },
      { suite: { login: { select: () => named } } },
    )
    for (const browser of [place.browser(), place.browser()]) {
      expect((await browser.open(`${login}${query}`)).status).toBe(503)
    }
    expect(place.events).toEqual([unknown(named ?? 'tenant')])
  })

  it('is told of a hundred names at most, for strangers write links', async () => {
    const place = await createPlural({ adfs: titled, entra: openid })
    for (let count = 0; count < 120; count += 1) await place.browser().open(`${login}&via=t${count}`)
    expect(place.events).toHaveLength(100)
  })
})

describe('requireCitizen({ provider })', () => {
  const guard = (place: PluralPlace, provider: string | readonly string[]) => {
    const { suite } = place
    place.sites.set(home, async (request) => {
      if (new URL(request.url).pathname !== '/only') return place.handle(request)
      const { TestExchange } = await import('../support/exchange.js')
      const exchange = new TestExchange(request)
      const citizen = await suite.authenticate(exchange)
      const refusal = suite.guard(exchange, citizen, { provider })
      return exchange.respond(refusal ?? { status: 200, headers: {}, body: String(citizen.provider) })
    })
  }

  it('leads to the provider that it wants, and lets through who has signed in there', async () => {
    const place = await createPlural({ adfs: titled, entra: openid, eduid: { protocol: 'saml' } })
    guard(place, 'eduid')
    const browser = place.browser()
    const visit = await place.goOn(browser, await browser.open(`${home}/only`))
    expect([visit.status, visit.url, visit.body]).toEqual([200, `${home}/only`, 'eduid'])
  })

  it('leads there whoever has signed in elsewhere, whose session ends', async () => {
    const place = await createPlural({ adfs: titled, entra: openid })
    guard(place, 'entra')
    const browser = place.browser()
    await place.signIn(browser, 'adfs')
    const refused = await browser.fetch(`${home}/only`)
    expect([refused.status, await refused.json()]).toMatchObject([
      401,
      { code: 'other-provider', reason: 'provider', login: '/session/login?provider=entra' },
    ])
    const visit = await place.goOn(browser, await browser.open(`${home}/only`))
    expect([visit.status, visit.body]).toEqual([200, 'entra'])
    expect(place.events.map(({ type, provider }) => [type, provider])).toContainEqual([
      'session.ended',
      'adfs',
    ])
  })

  it('has the person choose where several will do', async () => {
    const place = await createPlural({ adfs: titled, entra: openid, other: openid })
    guard(place, ['adfs', 'entra'])
    const browser = place.browser()
    const page = await browser.open(`${home}/only`)
    expect(choicesOf(page.body)).toHaveLength(2)
    const visit = await place.goOn(browser, await browser.press(page, /entra/))
    expect([visit.status, visit.body]).toEqual([200, 'entra'])
  })

  it('is no other provider’s to satisfy, nor a circle, where the wanted one is not known', async () => {
    const place = await createPlural({ adfs: titled, entra: openid })
    guard(place, 'tenant')
    const browser = place.browser()
    await place.signIn(browser, 'adfs')
    const visit = await browser.open(`${home}/only`)
    expect([visit.status, visit.path.length]).toEqual([503, 2])
  })

  it('has who came by the shared cookie sign out first, for that comes before any session', async () => {
    const place = await createPlural({ 'shared-cookie': { protocol: 'shared-cookie' }, oidc: openid })
    guard(place, 'oidc')
    const browser = place.browser()
    await place.signIn(browser, 'shared-cookie')
    const page = await browser.open(`${home}/only`)
    expect([page.status, page.path.length]).toEqual([200, 2])
    const visit = await place.goOn(
      browser,
      await browser.press(page, /Sign out everywhere and sign in again/),
    )
    expect([visit.status, visit.body]).toEqual([200, 'oidc'])
  })

  it('lets who came by the shared cookie through where that is wanted', async () => {
    const place = await createPlural({ 'shared-cookie': { protocol: 'shared-cookie' }, oidc: openid })
    guard(place, 'shared-cookie')
    const browser = place.browser()
    await place.signIn(browser, 'shared-cookie')
    expect((await browser.open(`${home}/only`)).body).toBe('shared-cookie')
  })
})
