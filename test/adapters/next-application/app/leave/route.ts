import { auth } from '../../lib/auth'

export const POST = auth.withCitizen(async (_request, { citizen }) => Response.json(await citizen.logout()))
