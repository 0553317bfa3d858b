import { auth } from '../../lib/auth'

export const GET = auth.withCitizen.optional(() => {
  throw new Error('thrown by the application')
})
