import { auth } from '../../lib/auth'

export const GET = auth.withCitizen(() => new Response('ok'), { secondFactor: true })
