/** @module One provider and one store: applications by OpenID Connect, alone and with the shared cookie, and a sibling. */
import { decodeJwt } from 'jose'
import { createSuite, type Receipt, type Store, type SuiteOptions } from '../../src/index.js'
import { createOidcWorld, providerUrl, urlOf } from '../oidc/world.js'
import type { Browser } from '../support/browser.js'
import { serve } from '../support/world.js'

/** Speaks OpenID Connect, and knows nothing of the shared cookie. */
export const alone = 'benefits'
/** Takes both. */
export const both = 'library.citizen'
/** Takes the shared cookie only. */
const sibling = 'https://permits.citizen.example'

export interface CopiesPlaceOptions {
  readonly store?: ((clock: () => number) => Store) | undefined
  /** What the shared cookie's tokens call their issuer; default: as OpenID Connect does. */
  readonly issuer?: string | undefined
  readonly sessionClaim?: string | undefined
}

/** Makes the place. The shared cookie travels as the test says, never by itself. */
export async function createCopiesPlace({ store, issuer, sessionClaim }: CopiesPlaceOptions = {}) {
  const identityProvider: SuiteOptions['identityProvider'] = {
    url: providerUrl,
    ...(issuer === undefined ? {} : { issuer }),
    ...(sessionClaim === undefined ? {} : { sessionClaim }),
  }
  const sharedCookie = { domain: 'citizen.example' }
  const suite = { identityProvider, sharedCookie, application: { id: 'library' } }
  const world = await createOidcWorld(
    { [alone]: {}, [both]: { suite } },
    // Under other names the provider's own cookies are none of ours.
    { ...(store && { store }), emulator: { cookieNames: { header: 'h', payload: 'p', signature: 's' } } },
  )
  const permits = createSuite(
    {
      identityProvider,
      sharedCookie,
      application: {
        id: 'permits',
        url: sibling,
        secrets: ['a secret of permits that is thirty-two bytes or more'],
      },
      store: world.store,
      clock: world.now,
      fetch: world.emulator.fetch,
    },
    {},
  )

  const sidOf = (): string => world.emulator.openid.participants('ana').at(-1)?.sid ?? ''

  return {
    world,
    /** The `sid` of the person's latest sign-in by OpenID Connect. */
    sidOf,
    /** A device of the person with a shared cookie of its own, as a `Cookie` header; `sid` as its token's claim. */
    async device(sid?: string, seconds = 1_200): Promise<{ readonly cookie: string; readonly exp: number }> {
      const claims = decodeJwt(await world.emulator.tokenFor('ana'))
      const iat = Math.floor(world.now() / 1000)
      const token = await world.emulator.signToken({
        ...claims,
        iat,
        exp: iat + seconds,
        iss: issuer ?? providerUrl,
        ...(sid === undefined ? {} : { sid }),
      })
      const [header, payload, signature] = token.split('.')
      const cookie = `c1_header=${header}; c1_payload=${payload}; c1_signature=${signature}`
      return { cookie, exp: (iat + seconds) * 1000 }
    },
    /** What the sibling says to a device; asked for the first time, its session begins there. */
    async stateOf({ cookie }: { readonly cookie: string }): Promise<string> {
      const answer = await serve(permits, new Request(`${sibling}/open`, { headers: { cookie } }))
      return ((await answer.json()) as { state: string }).state
    },
    /** A browser that has signed in by OpenID Connect, and its session cookie without any other. */
    async signIn(name: string): Promise<{ readonly browser: Browser; readonly cookie: string }> {
      const browser = world.browser()
      const visit = await browser.open(`${urlOf(name)}/session/login?via=oidc&returnTo=/private`)
      if (!visit.url.endsWith('/private')) {
        await browser.press(visit, /^Sign in$/, { username: 'ana', password: 'ana-password' })
      }
      const all = await browser.cookieHeader(urlOf(name))
      const cookie = all.split('; ').find((pair) => /^__Host-\w+\.sid=/.test(pair)) ?? ''
      return { browser, cookie }
    },
    /** Signs out by a script, with these cookies. */
    async signOut(name: string, cookie: string, scope = 'everywhere'): Promise<Receipt> {
      const answer = await world.party(name).handle(
        new Request(`${urlOf(name)}/session/logout`, {
          method: 'POST',
          headers: {
            cookie,
            accept: 'application/json',
            'content-type': 'application/x-www-form-urlencoded',
            'sec-fetch-site': 'same-origin',
          },
          body: new URLSearchParams({ scope }).toString(),
        }),
      )
      return (await answer.json()) as Receipt
    },
    async backchannel(name: string, claims: Readonly<Record<string, unknown>>): Promise<number> {
      const jwt = await world.emulator.openid.logoutToken(name, { claims })
      const request = new Request(`${urlOf(name)}/session/backchannel-logout`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ logout_token: jwt }).toString(),
      })
      return (await world.party(name).handle(request)).status
    },
  }
}

/** The cookies leg of a receipt. */
export const cookiesOf = ({ legs }: Receipt) => legs.find(({ leg }) => leg === 'cookies')
