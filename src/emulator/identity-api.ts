/** @module What applications ask from server to server: the key set and the refresh. */
import { type Context, issueToken } from './context.js'
import { sharedCookieLines } from './cookies.js'
import { json } from './page.js'
import { cookieOptions, readBody, sessionOfToken, type Visit } from './visit.js'

/** `GET /api/v1/authentication/.well-known/jwks.json`. */
export function showKeys(context: Context): Response {
  return Response.json(context.keys.jwks(), {
    headers: {
      'content-type': 'application/jwk-set+json',
      'cache-control': `public, max-age=${Math.floor(context.options.jwksMaxAgeSeconds)}`,
    },
  })
}

/**
 * `POST /sp/api/v1/authenticate?type=token` with `{"token":"<jwt>","refresh":"true"}`: extends the identity session.
 * 400 for any other request, 401 for a token that is not good or whose session has ended.
 * Source: CitizenOne, Identity Session Layer.
 */
export async function refresh(context: Context, visit: Visit): Promise<Response> {
  if (visit.query.get('type') !== 'token') return json({ error: 'type must be token' }, 400)
  if (!/^application\/json(;|$)/i.test(visit.request.headers.get('content-type') ?? '')) {
    return json({ error: 'the content type must be application/json' }, 400)
  }
  const token = refreshToken(await readBody(visit.request))
  if (token === undefined) {
    return json({ error: 'the body must be {"token":"<jwt>","refresh":"true"}, both strings' }, 400)
  }
  const found = await sessionOfToken(context, token)
  if (!found) return json({ error: 'the session has ended' }, 401)
  const { session, person } = found
  if (!context.options.acceptsOlderTokens && session.newestToken !== token) {
    return json({ error: 'the token has been renewed since' }, 401)
  }
  const nonsense = context.gate.faults.settings.nonsense.refresh
  if (nonsense === 'unchanged') return answer(context, token)
  if (nonsense === 'other-person') {
    const other = context.people.all.find(({ sub }) => sub !== person.sub) ?? person
    return answer(context, await issueToken(context, session, other))
  }
  if (nonsense === 'other-session') context.sessions.rename(session)
  return answer(context, await issueToken(context, session, person))
}

function refreshToken(body: string) {
  try {
    const value: unknown = JSON.parse(body)
    if (typeof value !== 'object' || value === null) return undefined
    const { token, refresh } = value as { token?: unknown; refresh?: unknown }
    return typeof token === 'string' && refresh === 'true' ? token : undefined
  } catch {
    return undefined
  }
}

function answer(context: Context, token: string) {
  const shape = context.refreshAnswer
  if (shape === 'empty') return new Response(null, { status: 200, headers: { 'cache-control': 'no-store' } })
  if (shape !== 'cookies') return json({ [shape]: token })
  const response = json({})
  for (const line of sharedCookieLines(token, cookieOptions(context)))
    response.headers.append('set-cookie', line)
  return response
}
