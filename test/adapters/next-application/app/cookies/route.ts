import { auth } from '../../lib/auth'

export const GET = auth.withCitizen.optional(() => {
  const headers = new Headers({ 'cache-control': 'public, max-age=60', 'cdn-cache-control': 'max-age=60' })
  headers.append('set-cookie', 'first=1; Path=/')
  headers.append('set-cookie', 'second=2; Path=/')
  return new Response('ok', { headers })
})
