import { auth } from '../../lib/auth'

export const POST = auth.withCitizen(async (_request, { citizen }) => {
  await citizen.logout()
  throw new Error('thrown by the application')
})
