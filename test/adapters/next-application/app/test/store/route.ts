import { world } from '../../../lib/auth'

export async function POST(request: Request) {
  world.isStoreDown = (await request.text()) === 'down'
  return new Response(null, { status: 204 })
}
