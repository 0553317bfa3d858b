import { auth } from '../../../lib/auth'

export const GET = auth.withCitizen(() => {
  const headers = new Headers({ 'cache-control': 'public, max-age=60' })
  headers.append('set-cookie', 'a=1; Path=/')
  headers.append('set-cookie', 'b=2; Path=/; Expires=Wed, 21 Oct 2037 07:28:00 GMT')
  return new Response('two', { headers })
})
