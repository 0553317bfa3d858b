import { auth } from '../../lib/auth'

const handler = auth.withCitizen((_request, { citizen }) => Response.json({ sub: citizen.claims.sub }))

export { handler as GET, handler as POST }
