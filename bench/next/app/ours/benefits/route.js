import { answer } from '../../../lib/answer.js'
import { auth } from '../../../lib/auth.js'

export const GET = auth.withCitizen((_request, { citizen }) => answer(citizen.claims.sub))
