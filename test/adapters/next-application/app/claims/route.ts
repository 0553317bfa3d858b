import { auth } from '../../lib/auth'

export const GET = auth.withCitizen(() => new Response('ok'), { claims: ({ isMfa }) => isMfa === true })
