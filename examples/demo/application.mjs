/** @module One application of the demo, used twice: an ordinary Express application behind `citizenSession()`. */
import { citizenSession, requireAssurance, requireCitizen, requireRecent } from 'citizen-session/express'
import express from 'express'
import { page } from './page.mjs'

const eventsShown = 8

/**
 * Makes an application. `look` is what its pages show besides the session: `people` are the names that the application
 * knows by `sub`, for a token carries none. Everything else are options of the package.
 * @param {{
 *   look: {
 *     title: string,
 *     accent: readonly [light: string, dark: string],
 *     sibling: { title: string, url: string },
 *     people: ReadonlyMap<string, string>,
 *   },
 *   application: { id: string, url: string, sensitivity: 'sensitive' | 'basic', idleSeconds?: number, secrets?: string[] },
 *   identityProvider: { url: string, internalUrl: string, clockSkewSeconds?: number },
 *   recentSeconds: number,
 *   store: import('citizen-session').Store | string,
 *   clock: () => number,
 * }} options
 */
export function createApplication({ look, recentSeconds, application, identityProvider, store, clock }) {
  const events = []
  const session = citizenSession({
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
  })
  const { suite } = session

  const show = (heading, text) => (req, res) => {
    const { body, headers } = page({
      look,
      heading,
      text,
      citizen: req.citizen,
      name: look.people.get(req.citizen.claims?.sub) ?? req.citizen.claims?.sub,
      cookieHeader: req.headers.cookie ?? '',
      options: suite.options,
      now: clock(),
      events,
    })
    res.set(headers).send(body)
  }

  const app = express()
  app.disable('x-powered-by')
  app.use(session)
  app.get('/', show('Start page', 'Everybody may see this page.'))
  app.get('/private', requireCitizen(), show('Your page', 'Only somebody who is signed in sees this page.'))
  app.get(
    '/strong',
    requireAssurance(2),
    show('Strong page', 'Only somebody who has shown a second proof sees this page.'),
  )
  app.get(
    '/recent',
    requireRecent({ maxAgeSeconds: recentSeconds }),
    show('Recent page', `Only somebody who has signed in within ${recentSeconds} seconds sees this page.`),
  )
  return { app, suite }
}
