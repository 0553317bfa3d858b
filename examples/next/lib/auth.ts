import { citizenSession } from 'citizen-session/next'

/** Settings come from the environment: see .env.example. */
export const auth = citizenSession()
