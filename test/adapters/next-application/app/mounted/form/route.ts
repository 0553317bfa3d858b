import { mounted } from '../../../lib/mounted'

export const POST = mounted.withCitizen.optional(async (request) =>
  Response.json({ name: (await request.formData()).get('name') }),
)
