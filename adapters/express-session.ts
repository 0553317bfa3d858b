/** @module Ties an application's own express-session to ours: begun with it, ended with it, never the authority. */
import type { RequestHandler } from 'express'
import type { Session, SessionData, Store } from 'express-session'
import { StoreUnavailableError, type Suite } from '../src/index.js'
import { observeRoutes, suiteOf } from './node.js'
import { createOrderCheck, isOver, isRise, ownerOf, type SessionOwner } from './session-owner.js'

export type { SessionOwner }

declare module 'express-session' {
  interface SessionData {
    /** Whose this session is. Written by `bindSession()`. */
    citizenSession?: SessionOwner | undefined
  }
}

/** What `bindSession()` needs of a store: any store of express-session has it. */
export type BoundStore = Pick<Store, 'destroy'>

/** What `bindSession()` must be told where no request of the process would show it. */
export interface BindSessionOptions {
  /** The store that express-session uses. Default: the one that the first request brings. */
  readonly store?: BoundStore | undefined
  /** The suite of `citizenSession()`, for a process that ends sessions and may never see a request of theirs. */
  readonly suite?: Pick<Suite, 'onSessionEnded'> | undefined
}

type Bound = Session & Partial<SessionData>
type BoundRequest = Parameters<RequestHandler>[0]
type Done = (error?: unknown) => void

/**
 * Makes the middleware; it stands behind express-session and `citizenSession()`. `req.session` gets a new id and
 * loses its data when a person signs in or another one comes; at a rise in assurance it gets a new id and keeps its
 * data; it is destroyed when our session ends, on whichever instance that happens. While our store cannot answer it
 * is left alone. Source: ASVS 5.0 7.2.4, 7.4.1.
 * @throws CitizenSessionError `no-middleware` (by the application's error handler) before `citizenSession()`.
 */
export function bindSession(options: BindSessionOptions = {}): RequestHandler {
  const attached = new WeakSet<object>()
  const checkOrder = createOrderCheck('express-session')

  const attach = (suite: Pick<Suite, 'onSessionEnded'>, store: BoundStore | undefined): void => {
    if (store === undefined || attached.has(suite)) return
    attached.add(suite)
    suite.onSessionEnded(({ boundSession }) => {
      // A store that cannot answer now: the next request with that session finds that it has no owner any more.
      if (boundSession !== undefined) store.destroy(boundSession, ignore)
    })
  }
  if (options.suite !== undefined) attach(options.suite, options.store)

  const middleware: RequestHandler = (request, _response, next) => {
    const { suite, isSkipped } = suiteOf(request)
    attach(suite, options.store ?? request.sessionStore)
    const { citizen, session } = request
    checkOrder(session)
    if (isSkipped || session === undefined || session === null || citizen.state === 'unavailable') {
      next()
      return
    }
    if (citizen.state !== 'active') {
      if (session.citizenSession === undefined) next()
      else if (isOver(citizen, request.headers['sec-fetch-site'])) session.regenerate(next)
      else blank(request, next)
      return
    }
    const bind: Bind = (id) => suite.bind(citizen, id)
    const owner = session.citizenSession
    if (owner?.publicId === citizen.session.publicId) {
      guardSaves(request, bind)
      next()
      return
    }
    const now = ownerOf(citizen)
    const kept = owner !== undefined && isRise(owner, now) ? dataOf(session) : {}
    session.regenerate((error: unknown) => {
      if (error) {
        next(error)
        return
      }
      Object.assign(request.session, kept, { citizenSession: now })
      guardSaves(request, bind)
      next()
    })
  }
  observeRoutes(middleware, (suite, request) => {
    const { session, sessionStore } = request as Partial<BoundRequest>
    // Another application of this process has a store of its own.
    if (options.store !== undefined && options.store !== sessionStore) return
    attach(suite, sessionStore)
    // The route may end the session, and express-session saves when the route is done.
    if (session?.citizenSession !== undefined) replace(session, 'save', (done: Done = ignore) => done())
  })
  return middleware
}

/** Notes an express-session with our session; `false`: ours has ended. */
type Bind = (id: string) => Promise<boolean>

/**
 * A request under way may save its session after that has ended. So: save, then look whether our session still lives;
 * if not, what was saved is destroyed. Whoever ends a session writes the end first and destroys then, so one of the
 * two always sees the other. Source: `RACE-1`.
 */
function guardSaves(request: BoundRequest, bind: Bind): void {
  const { session, sessionStore: store } = request
  const { save, reload, regenerate, citizenSession } = session
  const settle = (done: Done): void => {
    bind(session.id).then(
      (isLive) => (isLive ? done() : store.destroy(session.id, done)),
      (error: unknown) => (error instanceof StoreUnavailableError ? done() : done(error)),
    )
  }
  replace(session, 'save', (done: Done = ignore) => {
    save.call(session, (error: unknown) => (error ? done(error) : settle(done)))
    return session
  })
  replace(session, 'reload', (done: Done = ignore) => {
    reload.call(session, (error: unknown) => {
      if (!error) guardSaves(request, bind)
      done(error)
    })
    return session
  })
  replace(session, 'regenerate', (done: Done = ignore) => {
    regenerate.call(session, (error: unknown) => {
      if (!error) {
        Object.assign(request.session, { citizenSession })
        guardSaves(request, bind)
      }
      done(error)
    })
    return session
  })
}

const ignore = (): void => undefined

/** Replaces a method of one session, as express-session does itself. */
function replace(session: object, name: string, value: unknown): void {
  Object.defineProperty(session, name, { configurable: true, enumerable: false, writable: true, value })
}

function dataOf(session: Bound): object {
  const { cookie: _, ...data } = session
  return data
}

/** Gives the request an empty session that is never saved, and leaves the stored one alone. */
function blank(request: BoundRequest, next: () => void): void {
  request.sessionStore.generate(request)
  // Without an id express-session neither saves nor touches a session, nor sets its cookie.
  Object.assign(request, { sessionID: undefined })
  next()
}
