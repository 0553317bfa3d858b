import { createHash, timingSafeEqual } from 'node:crypto'
import { auth } from '../../../lib/auth'

const secret = process.env.DEMO_ADMINISTRATION_SECRET
const digest = (text: string) => createHash('sha256').update(text).digest()

/** Ends every session of a person, for an administrator who knows the secret. Without one nobody is let in. */
export async function POST(request: Request): Promise<Response> {
  const given = request.headers.get('authorization') ?? ''
  if (!secret || !timingSafeEqual(digest(given), digest(`Bearer ${secret}`))) {
    return new Response(null, { status: 403 })
  }
  const { subject }: { subject?: unknown } = await request.json()
  if (typeof subject !== 'string') return new Response(null, { status: 400 })
  return Response.json(await auth.suite.sessions.endAllOf({ subject }))
}
