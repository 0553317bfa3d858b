import { auth } from '../../../lib/auth.js'

export const GET = auth.withCitizen(() => new Response('signed in'))
