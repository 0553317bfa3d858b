/** @module Whose an application's own framework session is, and when it is over; for what binds one to ours. */
import { createHash } from 'node:crypto'
import type { ActiveCitizen, Citizen } from '../src/index.js'

/** Whose a session of the application is; kept in its data. */
export interface SessionOwner {
  readonly publicId: string
  /** Digest of issuer and subject. */
  readonly person: string
  readonly startedAt: number
  readonly level: number
  /** Milliseconds since the epoch, 0 when unknown. */
  readonly authenticatedAt: number
}

/** Whose the session of an active citizen is. */
export function ownerOf({ claims, session, assurance }: ActiveCitizen): SessionOwner {
  return {
    publicId: session.publicId,
    person: createHash('sha256')
      .update(JSON.stringify([claims.iss, claims.sub]))
      .digest('base64url'),
    startedAt: session.startedAt,
    level: assurance.level,
    authenticatedAt: assurance.authenticatedAt ?? 0,
  }
}

/** Whether the same session of the same person goes on, with a stronger or newer authentication. */
export function isRise(before: SessionOwner, now: SessionOwner): boolean {
  return (
    before.person === now.person &&
    before.startedAt === now.startedAt &&
    (now.level > before.level || now.authenticatedAt > before.authenticatedAt)
  )
}

/**
 * Whether the session of a request that nobody is signed in on has truly ended. Not if a foreign page sent the
 * request, which the shared cookies may not accompany, nor if the cookies say nothing about the old session.
 */
export function isOver(citizen: Citizen, site: unknown): boolean {
  if (citizen.state !== 'anonymous') return false
  const { reason } = citizen
  if (reason === 'ambiguous-cookie' || reason === 'invalid-token') return false
  return reason !== 'not-signed-in' || site === undefined || site === 'same-origin' || site === 'none'
}

/**
 * Makes the look at whether another session middleware stands in front. Without one nothing is bound, and nobody would
 * notice: it is told once. A store of express-session that is away, and a cookie path, leave single requests without.
 */
export function createOrderCheck(name: 'express-session' | 'koa-session'): (session: unknown) => void {
  let isDone = false
  return (session) => {
    if (isDone) return
    isDone = true
    if (session !== undefined) return
    const text = `bindSession() sees no session of ${name}, so none is bound: let ${name} stand before it`
    process.emitWarning(text, { type: 'CitizenSessionWarning', code: 'no-framework-session' })
  }
}
