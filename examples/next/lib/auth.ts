import { citizenSession } from 'citizen-session/next'
import { nameOf } from './demo'

/** Settings come from the environment: see .env.example. Code is what can be no variable. */
export const auth = citizenSession({
  // A code by SMS is enough for level 2 here.
  identityProvider: { assuranceLevel: ({ isDidAuth, isMfa }) => (isDidAuth || isMfa ? 2 : 1) },
  // What the header shows of the person.
  profile: async ({ sub }) => ({ name: await nameOf(sub) }),
})
