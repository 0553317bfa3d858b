import { world } from '../../../lib/auth'

export async function POST(request: Request) {
  world.offset += Number(await request.text()) * 1000
  return new Response(null, { status: 204 })
}
