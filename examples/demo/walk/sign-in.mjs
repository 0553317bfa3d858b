/** @module Signing in, at one application and for all. */
import { attributesOf, cookieLines, expect, wayOf } from './report.mjs'

/** @param {ReturnType<typeof import('./scene.mjs').createScene>} scene */
export function signInSteps({
  emulator,
  benefits,
  library,
  ana,
  newBrowser,
  pass,
  signIn,
  signedInAtBoth,
  statusAt,
  expectActive,
}) {
  return [
    {
      what: 'Open a guarded page of Benefits',
      proves: 'whoever is not signed in is led to the identity provider',
      async go(tell) {
        const page = await newBrowser().open(`${benefits.url}/private`)
        tell(wayOf(page))
        for (const line of cookieLines(page.setCookies)) tell(line)
        expect(page.url.startsWith(`${emulator.url}/login?`), 'the sign-in page of the identity provider')
      },
    },
    {
      what: 'Sign in as ana',
      proves:
        'the provider sets a token in three cookies for all applications, and the person is where they wanted to be',
      async go(tell) {
        const page = await signIn(ana, benefits)
        tell(wayOf(page))
        for (const line of cookieLines(page.setCookies)) tell(line)
        expect(page.url === `${benefits.url}/private` && page.status === 200, 'the guarded page of Benefits')
        const set = page.setCookies.map(attributesOf).filter(({ isDeletion }) => !isDeletion)
        const { header, payload, signature } = emulator.cookieNames
        for (const name of [header, payload, signature]) {
          const cookie = set.find((one) => one.name === name)
          expect(cookie?.attributes.includes('Domain=citizen.localhost'), `${name} for the base domain`)
          const isHidden = cookie.attributes.includes('HttpOnly')
          expect(isHidden === (name !== payload), `header and signature HttpOnly, the payload readable`)
        }
        const hint = set.find(({ name }) => name.endsWith('.seen'))
        const isOwn = hint !== undefined && !hint.attributes.some((attribute) => /^domain/i.test(attribute))
        expect(isOwn, 'a hint cookie for Benefits alone')
        const isStrict = ['HttpOnly', 'SameSite=Strict'].every((one) => hint.attributes.includes(one))
        expect(isStrict, 'the hint HttpOnly and SameSite=Strict')
      },
    },
    {
      what: 'Open a guarded page of Library',
      proves: 'who is signed in at one application is known at the other, without a prompt or a redirect',
      async go(tell) {
        const page = await ana.open(`${library.url}/private`)
        tell(wayOf(page))
        expect(page.status === 200 && page.way.length === 1, 'the guarded page of Library at once')
        const [one, other] = [await statusAt(ana, benefits), await statusAt(ana, library)]
        expect(one.session.publicId !== other.session.publicId, 'an application session for each of them')
        tell('two application sessions over one identity session')
      },
    },
    {
      what: 'Open the page of Benefits that wants a recent proof, at once, and again after 46 s in use',
      proves:
        'when the person proved who they are is known from the token; what is too long ago is asked for anew',
      async go(tell) {
        const browser = await signedInAtBoth()
        const atOnce = await browser.open(`${benefits.url}/recent`)
        expect(
          atOnce.status === 200 && atOnce.way.length === 1,
          'the page for recent proofs to open at first',
        )
        await pass(46, 11.5, async () => {
          for (const each of [browser, ana])
            for (const { url } of [benefits, library]) await each.open(`${url}/private`)
        })
        const page = await browser.open(`${benefits.url}/recent`)
        tell(wayOf(page))
        expect(page.url.includes('prompt=login'), 'the sign-in page, asked for a new sign-in')
        await expectActive(browser, benefits, library)
      },
    },
  ]
}
