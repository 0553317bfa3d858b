import { auth } from '../../lib/auth'

export const GET = auth.withCitizen.optional(() => new Response(null, { status: 204 }))
