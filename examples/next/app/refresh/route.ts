import { auth } from '../../lib/auth'

/** Extends the identity session now. */
export const POST = auth.withCitizen(async (_request, { citizen }) =>
  Response.json({ refreshed: await citizen.refresh() }),
)
