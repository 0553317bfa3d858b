import { auth } from '../../lib/auth'

export const GET = auth.withCitizen.optional((_request, { citizen }) => {
  const { state, reason, claims, session } = citizen
  return Response.json({ state, reason, sub: claims?.sub, publicId: session?.publicId })
})
