/** Compiled with the application against the types of Next.js, never run: what must be allowed, and what refused. */
import type { ActiveCitizen, Citizen } from 'citizen-session'
import { citizenSession, type ReadCitizen } from 'citizen-session/next'
import type { NextFetchEvent, NextProxy, NextRequest } from 'next/server'

interface MyClaims {
  readonly [name: string]: unknown
  readonly iss: string
  readonly sub: string
  readonly exp: number
  readonly iat: number
  readonly department: string
}

/** Compiles only if the two are the same type. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const same = <A, B>(_: Same<A, B>): void => undefined

type HandlerOf<P> = (request: NextRequest, context: { params: Promise<P> }) => Promise<Response> | Response

export function routes() {
  const auth = citizenSession()
  const plain: HandlerOf<Record<never, never>> = auth.withCitizen((request, { citizen }) => {
    same<typeof request, NextRequest>(true)
    same<typeof citizen, ActiveCitizen>(true)
    return Response.json([request.nextUrl.pathname, request.cookies.get('a')?.value, citizen.claims.sub])
  })
  const withId: HandlerOf<{ id: string }> = auth.withCitizen<{ id: string }>(
    async (_request, { citizen, params }) => Response.json([(await params).id, citizen.session.publicId]),
    { level: 2, maxAgeSeconds: 300, claims: (claims) => claims.sub !== '' },
  )
  const open = auth.withCitizen.optional((_request, { citizen }) => {
    same<typeof citizen, Citizen>(true)
    // @ts-expect-error: not narrowed without a guard
    const sub: string = citizen.claims.sub
    const { state, reason, claims, session } = citizen
    if (citizen.state === 'active') same<typeof citizen, ActiveCitizen>(true)
    return Response.json({ state, reason, name: claims?.name, startedAt: session?.startedAt, sub })
  })
  // @ts-expect-error: no such demand
  auth.withCitizen(() => new Response(), { strong: true })
  // @ts-expect-error: a handler answers with a response
  auth.withCitizen(() => 'text')
  const { GET, POST } = auth.handlers
  const standard: HandlerOf<{ citizen: string[] }> = GET
  return { plain, withId, open, standard, POST, logout: auth.logout({ scope: 'application' }) }
}

export function proxies() {
  const auth = citizenSession()
  const plain: NextProxy = auth.proxy
  const composed: NextProxy = auth.compose((request, { citizen, guard, event }) => {
    same<typeof citizen, Citizen>(true)
    event.waitUntil(Promise.resolve(request.nextUrl.locale))
    return guard({ level: 2 })
  })
  const parts = (request: NextRequest, event: NextFetchEvent) => auth.compose(() => undefined)(request, event)
  return { plain, composed, parts }
}

export function actions() {
  const auth = citizenSession<MyClaims>()
  const save = auth.actionWithCitizen(async (citizen, form: FormData) => {
    same<typeof citizen, ActiveCitizen<MyClaims>>(true)
    return [citizen.claims.department, form.get('note')]
  })
  const count = auth.actionWithCitizen((_citizen, before: number, _form: FormData) => before + 1)
  const free = auth.actionWithCitizen.optional((citizen, text: string) => `${text} ${citizen.reason}`)
  same<typeof count, (before: number, form: FormData) => Promise<number>>(true)
  same<typeof free, (text: string) => Promise<string>>(true)
  // @ts-expect-error: it takes a form
  void save('text')
  return {
    save,
    staff: auth.actionWithCitizen(() => 1, { claims: ({ department }) => department === 'permits' }),
  }
}

export async function component() {
  const { read } = citizenSession<MyClaims>()
  const citizen = await read()
  same<typeof citizen, ReadCitizen<MyClaims>>(true)
  // @ts-expect-error: a pure read signs nobody out
  if (citizen.state === 'active') await citizen.logout()
  const { state, reason, claims } = citizen
  if (state === 'active') {
    const { department }: MyClaims = claims
    return department
  }
  return reason
}
