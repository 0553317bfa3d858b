import { auth } from '../../../lib/auth'

export const GET = auth.withCitizen((_request, { citizen }) =>
  Response.json({ sub: citizen.claims.sub, level: citizen.assurance.level }),
)
