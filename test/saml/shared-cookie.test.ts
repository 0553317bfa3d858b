import { describe, expect, it } from 'vitest'
import { shown } from '../support/world.js'
import { createPlace, order, urlOf } from './place.js'

describe('SAML beside the shared cookie', () => {
  it.each(['redirect', 'post'] as const)(
    'a request by %s also removes the shared cookie and the sessions that depend on it',
    async (binding) => {
      const place = await createPlace()
      const browser = place.browser()
      await place.signIn(browser, 'permits', 'saml')
      await browser.open(`${urlOf('benefits')}/private`)
      expect(await place.state(browser, 'benefits')).toBe('active')
      const cookie = await browser.cookieHeader(urlOf('benefits'))
      expect(cookie).toContain('c1_payload')
      const message = await place.emulator.saml.logoutRequest({ ...order, binding })
      const visit =
        binding === 'redirect'
          ? await browser.open(message.url, { from: place.emulator.url })
          : await browser.post(message.url, message.fields, { from: place.emulator.url })
      await place.follow(browser, visit)
      expect(place.emulator.saml.deliveries.at(-1)?.status).toEqual(['Success'])
      expect(await browser.cookieHeader(urlOf('benefits'))).not.toContain('c1_payload=e')
      expect(await place.state(browser, 'permits')).toBe('anonymous')
      expect(await place.state(browser, 'benefits')).toBe('anonymous')
    },
  )

  it.each(['none', 'frame', 'navigation'] as const)(
    'where the shared cookie is there too, its token keeps the provider’s session alive (keepAlive %s)',
    async (by) => {
      const place = await createPlace({ saml: { keepAlive: { by } } })
      const { emulator } = place
      const browser = place.browser()
      await place.signIn(browser, 'permits', 'saml')
      const asked = emulator.requests['saml-sign-on']
      // Twice the idle time of the provider; ten minutes that of the application.
      for (let minute = 0; minute < 120; minute += 9) {
        place.travel(540)
        const visit = await browser.open(`${urlOf('permits')}/private`)
        expect([visit.status, visit.path.length]).toEqual([200, 1])
      }
      expect(emulator.requests.refresh).toBeGreaterThanOrEqual(4)
      expect(emulator.requests['saml-sign-on']).toBe(asked)
      expect(emulator.sessions).toHaveLength(1)
      expect(await place.state(browser, 'permits')).toBe('active')
    },
  )

  it('a request by SOAP without an index ends the sessions of the shared cookie of the same name', async () => {
    const place = await createPlace()
    const [one, two] = [place.browser(), place.browser()]
    await place.signIn(one, 'permits', 'saml')
    await place.signIn(two, 'benefits', 'shared-cookie')
    expect(await place.state(two, 'benefits')).toBe('active')
    const nameId = place.emulator.saml.participants[0]?.nameId
    const request = { ...order, binding: 'soap', nameId, sessionIndexes: [] } as const
    const message = await place.emulator.saml.logoutRequest(request)
    const answer = await one.fetch(message.url, {
      method: 'POST',
      body: message.body ?? '',
      headers: { 'content-type': 'text/xml' },
    })
    expect(await answer.text()).toContain('status:Success"/>')
    expect(await place.state(two, 'benefits')).toBe('anonymous')
    expect(await place.state(one, 'permits')).toBe('anonymous')
  })

  it('says Success for a name that only the shared cookie knows, and UnknownPrincipal for nobody', async () => {
    const place = await createPlace()
    const browser = place.browser()
    await place.signIn(browser, 'benefits', 'shared-cookie')
    const ask = async (nameId: string) => {
      const request = { ...order, binding: 'soap', nameId, sessionIndexes: [] } as const
      const { url, body = '' } = await place.emulator.saml.logoutRequest(request)
      const headers = { 'content-type': 'text/xml' }
      const answer = await browser.fetch(url, { method: 'POST', body, headers })
      return /status:(\w+)"\/>/.exec(await answer.text())?.[1]
    }
    const { sub = '' } = await shown(browser.fetch(`${urlOf('benefits')}/open`))
    expect(await ask('nobody')).toBe('UnknownPrincipal')
    expect(await place.state(browser, 'benefits')).toBe('active')
    expect(await ask(sub)).toBe('Success')
    expect(await place.state(browser, 'benefits')).toBe('anonymous')
  })
})
