/** @module The partner's own sessions: who has come in with a token. They know nothing of the identity provider's. */
import type { Context } from '../context.js'
import { parseCookieHeader } from '../cookies.js'

/** Somebody who is signed in at the partner. */
export interface PartnerSession {
  readonly sub: string
  readonly claims: Readonly<Record<string, unknown>>
  /** Milliseconds since the epoch. */
  readonly startedAt: number
}

/** The sessions. */
export interface PartnerSessions {
  /** Starts one. Returns its `Set-Cookie` line. */
  start(session: PartnerSession): string
  find(request: Request): PartnerSession | undefined
  /** Ends the request's. Returns the line that deletes its cookie. */
  end(request: Request): string
  clear(): void
}

const cookieName = 'partner_session'
const lifeMilliseconds = 3_600_000

/** Makes them. */
export function createPartnerSessions({ options, now }: Context): PartnerSessions {
  const kept = new Map<string, PartnerSession>()
  const tail = `; Path=/partner; HttpOnly; SameSite=Lax${options.secure ? '; Secure' : ''}`
  const valuesOf = (request: Request) =>
    parseCookieHeader(request.headers.get('cookie') ?? '').get(cookieName) ?? []
  const isOver = ({ startedAt }: PartnerSession) => now() - startedAt >= lifeMilliseconds
  return {
    start(session) {
      for (const [value, each] of kept) if (isOver(each)) kept.delete(value)
      const value = Buffer.from(options.random(24)).toString('base64url')
      kept.set(value, session)
      return `${cookieName}=${value}${tail}`
    },
    find(request) {
      const found = valuesOf(request).flatMap((value) => kept.get(value) ?? [])
      return found.find((session) => !isOver(session))
    },
    end(request) {
      for (const value of valuesOf(request)) kept.delete(value)
      return `${cookieName}=; Max-Age=0${tail}`
    },
    clear: () => kept.clear(),
  }
}
