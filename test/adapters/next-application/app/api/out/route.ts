import { redirect } from 'next/navigation'
import { auth } from '../../../lib/auth'

/** Signs out and then throws, as Next.js redirects do. */
export const POST = auth.withCitizen(async (_request, { citizen }) => {
  await citizen.logout({ scope: 'everywhere' })
  redirect('/static')
})
