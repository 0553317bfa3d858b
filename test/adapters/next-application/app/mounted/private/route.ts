import { mounted } from '../../../lib/mounted'

export const GET = mounted.withCitizen((_request, { citizen }) => Response.json({ sub: citizen.claims.sub }))
