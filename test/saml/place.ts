/** @module One provider, applications by its shared cookie and one by SAML as well, one store. */
import { createEmulator } from '../../src/emulator/index.js'
import { createSuite, memoryStore, type Store } from '../../src/index.js'
import { type SamlOptions, saml } from '../../src/saml/saml.js'
import { type Browser, createBrowser, type Site, type Visit } from '../support/browser.js'
import { serve, shown } from '../support/world.js'
import { keyOf } from './world.js'

const base = 'citizen.example'
export const urlOf = (name: string) => `https://${name}.${base}`
const start = Date.UTC(2026, 0, 15, 12, 0, 0)

/** CitizenOne as its documentation draws it: one provider, applications by its cookie and one by SAML, one store. */
export async function createPlace(
  more: { readonly store?: (clock: () => number) => Store; readonly saml?: Partial<SamlOptions> } = {},
) {
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
  const store = more.store?.(clock) ?? memoryStore({ clock })
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
              ...more.saml,
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
    async signIn(browser: Browser, name: string, via: string, username = 'ana') {
      const visit = await browser.open(`${urlOf(name)}/session/login?returnTo=/private&via=${via}`)
      const typed = { username, password: `${username}-password` }
      const asked = visit.url.startsWith(emulator.url)
      return follow(browser, asked ? await browser.press(visit, /^Sign in$/, typed) : visit)
    },
    state: async (browser: Browser, name: string) =>
      (await shown(browser.fetch(`${urlOf(name)}/open`))).state,
  }
}

/** A request of the provider to the application that speaks SAML. */
export const order = { serviceProvider: `${urlOf('permits')}/session/saml/metadata` }
