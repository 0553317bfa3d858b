import { auth } from '../../../../lib/auth'

export const GET = auth.withCitizen<{ id: string }>(async (_request, { citizen, params }) =>
  Response.json({ id: (await params).id, sub: citizen.claims.sub }),
)

export const POST = auth.withCitizen<{ id: string }>(async (request, { params }) =>
  Response.json({ id: (await params).id, body: await request.text() }),
)
