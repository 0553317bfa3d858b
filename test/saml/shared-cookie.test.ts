import { describe, expect, it } from 'vitest'
import { createEmulator } from '../../src/emulator/index.js'
import { createSuite, memoryStore } from '../../src/index.js'
import { saml } from '../../src/saml/saml.js'
import { type Browser, createBrowser, type Site, type Visit } from '../support/browser.js'
import { serve, shown } from '../support/world.js'
import { keyOf } from './world.js'

const base = 'citizen.example'
const urlOf = (name: string) => `https://${name}.${base}`
const start = Date.UTC(2026, 0, 15, 12, 0, 0)

/** CitizenOne as its documentation draws it: one provider, applications by its cookie and one by SAML, one store. */
async function createPlace() {
  let now = start
  const clock = () => now
  const sites = new Map<string, Site>()
  const reach: typeof fetch = async (input, init) => {
    const request = new Request(input, init)
    return sites.get(new URL(request.url).origin)?.(request) ?? new Response('', { status: 502 })
  }
  const permits = `${urlOf('permits')}/session/saml`
  const emulator = await createEmulator({
    url: urlOf('id'),
    domain: base,
    clock,
    fetch: reach,
    saml: { serviceProviders: [{ metadataUrl: `${permits}/metadata`, nameIdFormat: 'unspecified' }] },
  })
  sites.set(emulator.url, (request) => emulator.handle(request))
  const store = memoryStore({ clock })
  const createApplication = (name: string, isSaml: boolean) => {
    const suite = createSuite(
      {
        identityProvider: { url: emulator.url },
        sharedCookie: { domain: base },
        application: {
          id: name,
          url: urlOf(name),
          secrets: [`a secret of ${name} that is thirty-two bytes or more`],
        },
        ...(isSaml && {
          protocols: [
            saml({
              identityProvider: emulator.saml.entityId,
              metadataUrl: emulator.saml.metadataUrl,
              ...keyOf('permits'),
            }),
          ],
        }),
        store,
        clock,
        fetch: reach,
      },
      {},
    )
    sites.set(urlOf(name), (request) => serve(suite, request))
  }
  createApplication('benefits', false)
  createApplication('permits', true)
  const follow = async (browser: Browser, visit: Visit): Promise<Visit> =>
    /\bsubmit\b/.test(visit.body) ? follow(browser, await browser.press(visit, /./)) : visit
  return {
    emulator,
    browser: () => createBrowser(sites),
    follow,
    travel(seconds: number) {
      now += seconds * 1000
    },
    async signIn(browser: Browser, name: string, via: string) {
      const visit = await browser.open(`${urlOf(name)}/session/login?returnTo=/private&via=${via}`)
      const typed = { username: 'ana', password: 'ana-password' }
      const asked = visit.url.startsWith(emulator.url)
      return follow(browser, asked ? await browser.press(visit, /^Sign in$/, typed) : visit)
    },
    state: async (browser: Browser, name: string) =>
      (await shown(browser.fetch(`${urlOf(name)}/open`))).state,
  }
}

const order = { serviceProvider: `${urlOf('permits')}/session/saml/metadata` }

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
