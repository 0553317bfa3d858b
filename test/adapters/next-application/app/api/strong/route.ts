import { auth } from '../../../lib/auth'

export const GET = auth.withCitizen(() => Response.json('strong'), { level: 2 })
