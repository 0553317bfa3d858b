/** @module All three applications: what one of them does is so at the one on Next.js too, and the other way around. */
import { cookieLines, expect, wayOf } from './report.mjs'

/** Where the link "Sign in" of its pages leads. */
const login = '/session/login?returnTo=/private'

/** @param {ReturnType<typeof import('./scene.mjs').createScene>} scene */
export function permitsSteps({
  emulator,
  benefits,
  library,
  permits,
  newBrowser,
  signIn,
  statusAt,
  sharedCookiesOf,
  expectActive,
  expectPage,
}) {
  if (permits === undefined) return []
  const carol = newBrowser()
  const dora = newBrowser()
  const textOf = ({ body }) => body.replaceAll('<!-- -->', '')
  const nobodyIn = (page) => /Code: <code>([a-z-]+)/.exec(textOf(page))?.[1]

  async function expectOutAt(browser, ...applications) {
    for (const application of applications) {
      const { state } = await statusAt(browser, application)
      expect(state !== 'active', `nobody signed in at ${application.title}`)
    }
  }

  return [
    {
      what: 'Sign in at Permits, then open the other two',
      proves:
        'a Next.js application signs in for an Express and a Koa application, each with a session of its own',
      async go(tell) {
        await permits.keepTime()
        const home = await carol.open(`${permits.url}/`)
        expect(nobodyIn(home) === 'not-signed-in', 'the start page of Permits to know of nobody')
        const page = await signIn(carol, permits, { path: login })
        tell(wayOf(page))
        expect(page.url === `${permits.url}/private` && page.status === 200, 'the page of Permits')
        for (const { url, title } of [library, benefits]) {
          const other = await carol.open(`${url}/private`)
          expect(other.status === 200 && other.way.length === 1, `the page of ${title} at once`)
        }
        await expectActive(carol, benefits, library, permits)
      },
    },
    {
      what: 'Sign in at Library, then open the page and the API of Permits',
      proves: 'a page rendered on the server and a route handler know the person, without a redirect',
      async go(tell) {
        await signIn(dora, library)
        await dora.open(`${benefits.url}/private`)
        const home = await dora.open(`${permits.url}/`)
        expect(home.way.length === 1, 'the start page of Permits at once')
        expectPage({ ...home, body: textOf(home) }, 'Signed in as', 'Permits')
        const { status, json } = await dora.fetchJson(`${permits.url}/api/me`)
        expect(status === 200, `200 of the API, and not ${status}`)
        tell(`API of Permits: ${status}, level ${json.level}`)
      },
    },
    {
      what: 'Let 21 s pass, with a visit to Library after 19 of them',
      proves: 'the most sensitive application ends first, the public one lasts',
      async go(tell) {
        emulator.travel(19)
        await permits.keepTime()
        await dora.open(`${library.url}/private`)
        emulator.travel(2)
        await permits.keepTime()
        const { reason } = await statusAt(dora, benefits)
        expect(reason === 'idle-timeout', `idle-timeout at Benefits, and not ${reason}`)
        await expectActive(dora, library, permits)
        tell('Benefits: idle-timeout; Library and Permits: active')
      },
    },
    {
      what: 'Press "Sign out everywhere" at Permits',
      proves: 'a logout at the Next.js application ends the Express and the Koa application',
      async go(tell) {
        const page = await carol.press(await carol.open(`${permits.url}/private`), 'Sign out everywhere')
        tell(wayOf(page))
        for (const line of cookieLines(page.setCookies)) tell(line)
        expectPage(page, 'You are signed out of all applications and of the sign-in service', 'the receipt')
        expect((await sharedCookiesOf(carol)).length === 0, 'no shared cookie left')
        await expectOutAt(carol, benefits, library, permits)
      },
    },
    {
      what: 'Press "Sign out everywhere" at Library, and look at Permits',
      proves: 'a logout at the Koa application ends the Next.js application: page, API and status say so',
      async go(tell) {
        const page = await dora.press(await dora.open(`${library.url}/`), 'Sign out everywhere')
        tell(wayOf(page))
        const home = await dora.open(`${permits.url}/`)
        const reason = nobodyIn(home)
        expect(reason !== undefined, 'the start page of Permits to know of nobody')
        const { status } = await dora.fetchJson(`${permits.url}/api/me`)
        expect(status === 401, `401 of the API, and not ${status}`)
        tell(`Permits: ${reason}; its API: ${status}`)
        await expectOutAt(dora, benefits, library, permits)
      },
    },
  ]
}
