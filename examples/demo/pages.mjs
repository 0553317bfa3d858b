/** @module What the demo's applications have in common, whatever their framework: settings, and the pages they show. */
import { page } from './page.mjs'

/**
 * What an application of the demo is made of. `look` is what its pages show besides the session: `people` are the
 * names that the application knows by `sub`, for a token carries none. `desk` is what the demo lends to all of them.
 * Everything else are options of the package.
 * @typedef {{
 *   look: {
 *     name: string,
 *     title: string,
 *     framework: string,
 *     isShort: boolean,
 *     people: ReadonlyMap<string, string>,
 *   },
 *   desk: ReturnType<typeof import('./desk.mjs').createDesk>,
 *   application: { id: string, url: string, name: string, sensitivity: 'sensitive' | 'basic', idleSeconds?: number, secrets?: string[] },
 *   header: import('citizen-session').HeaderOptions,
 *   identityProvider: { url: string, internalUrl: string, clockSkewSeconds?: number },
 *   recentSeconds: number,
 *   store: import('citizen-session').Store | string,
 *   clock: () => number,
 *   onward?: { markup: string },
 * }} Parts `onward` is where its pages lead somebody who is signed in.
 */

/**
 * The settings of an application, and `show`, which renders one of its pages for whoever is there.
 * @param {Parts} parts
 */
export function createPages({
  look,
  desk,
  recentSeconds,
  application,
  header,
  identityProvider,
  store,
  clock,
  onward,
}) {
  const nameOf = (sub) => look.people.get(sub) ?? sub
  const settings = {
    application,
    identityProvider: {
      ...identityProvider,
      endpoints: { secondFactor: '/second-factor' },
      // What Museum and Registry know the same session by: one sign-out ends it for all, and its receipt can say so.
      sessionClaim: 'sid',
      // The package counts only Eeze as level 2. Here a code by SMS or of an authenticator app is enough.
      assuranceLevel: ({ isDidAuth, isMfa }) => (isDidAuth || isMfa ? 2 : 1),
    },
    sharedCookie: { domain: 'citizen.localhost' },
    header,
    // No token carries a name here: the header asks for it.
    profile: ({ sub }) => ({ name: nameOf(sub) }),
    store,
    clock,
    onEvent: desk.report,
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
   * @param {import('citizen-session').Citizen} citizen
   */
  function show(name, citizen) {
    const [heading, text] = texts[name]
    const isPrivate = name !== 'start'
    const { url: provider } = identityProvider
    const person = nameOf(citizen.claims?.sub)
    return page({ look, heading, text, isPrivate, citizen, name: person, provider, onward })
  }
  return { settings, show }
}
