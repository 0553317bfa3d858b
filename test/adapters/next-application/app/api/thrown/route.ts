import { redirect } from 'next/navigation'
import { auth } from '../../../lib/auth'

export const GET = auth.withCitizen((request) => {
  if (new URL(request.url).searchParams.has('error')) throw new Error('the application broke')
  redirect('/static')
})
