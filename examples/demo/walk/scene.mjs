/** @module The scene of the walk: browsers, time, and what every step needs of both. */
import { createBrowser } from './browser.mjs'
import { expect } from './report.mjs'

/** Sets the scene in a demo. `ana` is the browser that most steps go on with. */
export function createScene({ emulator, applications, overview }) {
  const named = (wanted) => applications.find(({ name }) => name === wanted)
  const names = ['benefits', 'library', 'permits', 'museum', 'registry']
  const [benefits, library, permits, museum, registry] = names.map(named)
  const browsers = []
  const sharedNames = Object.values(emulator.cookieNames)

  function newBrowser() {
    const browser = createBrowser()
    browsers.push(browser)
    return browser
  }

  /** Opens a page of an application, and signs in at the provider's page that this leads to. */
  async function signIn(browser, application, { username = 'ana', path = '/private' } = {}) {
    const form = await browser.open(application.url + path)
    return await browser.press(form, 'Sign in', { username, password: `${username}-password` })
  }

  const statusAt = async (browser, { url }) => (await browser.fetchJson(`${url}/session/status`)).json

  return {
    emulator,
    /** Applications of the provider itself, which know the shared cookie and nothing else. */
    providersOwn: ['/service-dashboard', '/business-connect'],
    overview,
    applications,
    benefits,
    library,
    /** Absent where the demo runs without Next.js. */
    permits,
    museum,
    /** Absent where the demo runs without xml-crypto. */
    registry,
    ana: newBrowser(),
    newBrowser,
    signIn,
    statusAt,

    /** A new browser in which ana is signed in at both applications. */
    async signedInAtBoth() {
      const browser = newBrowser()
      await signIn(browser, benefits)
      await browser.open(`${library.url}/private`)
      return browser
    },

    /** Moves the clock of everything in strides, with something done after each. */
    async pass(seconds, stride, meanwhile) {
      for (let left = seconds; left > 0; left -= stride) {
        emulator.travel(Math.min(stride, left))
        await meanwhile()
      }
    },

    isSharedCookie: ({ name }) => sharedNames.includes(name),
    sharedCookiesOf: async (browser) =>
      (await browser.cookieNames(benefits.url)).filter((name) => sharedNames.includes(name)),

    async expectActive(browser, ...applications) {
      for (const application of applications) {
        const { state } = await statusAt(browser, application)
        expect(state === 'active', `signed in at ${application.title}, and not ${state}`)
      }
    },

    expectPage({ url, status, body }, text, where) {
      expect(body.includes(text), `${where} says "${text}"; it is ${url.split('?')[0]} (${status})`)
    },

    longestWay: () => Math.max(...browsers.map(({ longestWay }) => longestWay)),
  }
}
