/** @module What the demo's applications have in common, whatever their framework: settings, and the pages they show. */
import { page } from './page.mjs'

const eventsShown = 8

/**
 * What an application of the demo is made of. `look` is what its pages show besides the session: `people` are the
 * names that the application knows by `sub`, for a token carries none. Everything else are options of the package.
 * @typedef {{
 *   look: {
 *     title: string,
 *     accent: readonly [light: string, dark: string],
 *     siblings: readonly { title: string, url: string }[],
 *     people: ReadonlyMap<string, string>,
 *   },
 *   application: { id: string, url: string, sensitivity: 'sensitive' | 'basic', idleSeconds?: number, secrets?: string[] },
 *   identityProvider: { url: string, internalUrl: string, clockSkewSeconds?: number },
 *   recentSeconds: number,
 *   store: import('citizen-session').Store | string,
 *   clock: () => number,
 * }} Parts
 */

/**
 * The settings of an application, and `show`, which renders one of its pages for whoever is there.
 * @param {Parts} parts
 */
export function createPages({ look, recentSeconds, application, identityProvider, store, clock }) {
  const events = []
  const settings = {
    application,
    identityProvider: {
      ...identityProvider,
      endpoints: { secondFactor: '/second-factor' },
      // The package counts only Eeze as level 2. Here a code by SMS or of an authenticator app is enough.
      assuranceLevel: ({ isDidAuth, isMfa }) => (isDidAuth || isMfa ? 2 : 1),
    },
    sharedCookie: { domain: 'citizen.localhost' },
    store,
    clock,
    onEvent(event) {
      events.unshift(event)
      events.length = Math.min(events.length, eventsShown)
    },
  }
  const texts = {
    start: ['Start page', 'Everybody may see this page.'],
    private: ['Your page', 'Only somebody who is signed in sees this page.'],
    strong: ['Strong page', 'Only somebody who has shown a second proof sees this page.'],
    recent: [
      'Recent page',
      `Only somebody who has signed in within ${recentSeconds} seconds sees this page.`,
    ],
  }

  /**
   * @param {keyof typeof texts} name
   * @param {{ citizen: import('citizen-session').Citizen, cookieHeader?: string, options: object }} visit
   */
  function show(name, { citizen, cookieHeader = '', options }) {
    const [heading, text] = texts[name]
    const { sub } = citizen.claims ?? {}
    const person = look.people.get(sub) ?? sub
    return page({ look, heading, text, citizen, name: person, cookieHeader, options, now: clock(), events })
  }
  return { settings, show }
}
