import { citizenSession } from 'citizen-session/next'

/** Settings come from the environment: see .env.example. This one is code: a code by SMS is enough for level 2 here. */
export const auth = citizenSession({
  identityProvider: { assuranceLevel: ({ isDidAuth, isMfa }) => (isDidAuth || isMfa ? 2 : 1) },
})
