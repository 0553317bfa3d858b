import { auth } from '../../lib/auth'

export const GET = auth.withCitizen(
  () => new Response('ok', { headers: { 'cache-control': 'private, max-age=60' } }),
)
