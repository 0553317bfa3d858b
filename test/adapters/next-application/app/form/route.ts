import { auth } from '../../lib/auth'

export const POST = auth.withCitizen.optional(async (request) =>
  Response.json({ name: (await request.formData()).get('name') }),
)
