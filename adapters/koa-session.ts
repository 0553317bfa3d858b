/** @module Ties an application's own koa-session to ours: begun with it, ended with it, never the authority. */
import type { Middleware, ParameterizedContext } from 'koa'
import { type ActiveCitizen, StoreUnavailableError, type Suite } from '../src/index.js'
import { suiteOf } from './node.js'
import { createOrderCheck, isOver, isRise, ownerOf, type SessionOwner } from './session-owner.js'

export type { SessionOwner }

/** What `bindSession()` needs of a store: any store of koa-session has it. */
export interface BoundStore {
  destroy(key: string, options: { readonly ctx?: unknown }): unknown
}

/** What `bindSession()` must be told for ends to reach the store of koa-session at once. */
export interface BindSessionOptions {
  /** The store that koa-session uses, so that a session is destroyed in it in the moment in which ours ends. */
  readonly store?: BoundStore | undefined
}

/** What we use of a session of koa-session. */
interface Bound {
  citizenSession?: SessionOwner | undefined
  /** Its key in the store; none where the whole session is in its cookie. */
  readonly externalKey?: string | undefined
  regenerate(): Promise<void>
  toJSON(): Readonly<Record<string, unknown>>
}

// biome-ignore lint/suspicious/noExplicitAny: the middleware fits every application, whatever its state and context
type AnyContext = ParameterizedContext<any, any, any>

/**
 * Makes the middleware; it stands behind koa-session and `citizenSession()`. `ctx.session` gets a new key and loses
 * its data when a person signs in or another one comes; at a rise in assurance it gets a new key and keeps its data;
 * it is dropped with the first request after our session has ended, and with `store` at once. While our store cannot
 * answer it is left alone. Source: ASVS 5.0 7.2.4, 7.4.1.
 * @throws CitizenSessionError `no-middleware` before `citizenSession()`.
 */
// biome-ignore lint/suspicious/noExplicitAny: as above
export function bindSession({ store }: BindSessionOptions = {}): Middleware<any, any, any> {
  const attached = new WeakSet<Suite>()
  const checkOrder = createOrderCheck('koa-session')
  const attach = (suite: Suite): void => {
    if (store === undefined || attached.has(suite)) return
    attached.add(suite)
    suite.onSessionEnded(({ boundSession }) => {
      // A store that cannot answer now: the next request with that session finds that it has no owner any more.
      if (boundSession !== undefined) void Promise.resolve(store.destroy(boundSession, {})).catch(ignore)
    })
  }

  return async (context, next) => {
    const { suite, isSkipped } = suiteOf(context.req)
    attach(suite)
    const { citizen } = context.state
    const session: Bound | null | undefined = context.session
    checkOrder(session)
    if (isSkipped || session === undefined || session === null || citizen.state === 'unavailable')
      return next()
    const owner = session.citizenSession
    if (citizen.state !== 'active') {
      if (owner !== undefined) {
        if (isOver(citizen, context.req.headers['sec-fetch-site'])) context.session = null
        else hide(context)
      }
      return next()
    }
    const isOurs = owner?.publicId === citizen.session.publicId
    const before = isOurs ? JSON.stringify(session) : undefined
    if (!isOurs) {
      const now = ownerOf(citizen)
      if (owner !== undefined && isRise(now, owner)) {
        // This request looked before a rise that another one has saved already: what that one saved stays.
        hide(context)
        return next()
      }
      await renew(context, now, owner !== undefined && isRise(owner, now) ? session.toJSON() : {})
    }
    try {
      await next()
    } finally {
      const after: Bound | null = context.session
      if (after !== null && JSON.stringify(after) !== before && !(await isBound(suite, citizen, after))) {
        context.session = null
      }
    }
  }
}

const ignore = (): void => undefined

/** Puts a new session in the place of the one that came, whose key somebody may have planted. */
async function renew(
  context: AnyContext,
  owner: SessionOwner,
  data: Readonly<Record<string, unknown>>,
): Promise<void> {
  context.session = {}
  await (context.session as Bound).regenerate()
  // Set once more, because koa-session tells the new key only to a new session.
  context.session = { ...data, citizenSession: owner }
}

/** Notes the key with our session; `false`: that has ended meanwhile, and what koa-session saves would outlive it. */
function isBound(suite: Suite, citizen: ActiveCitizen, { externalKey }: Bound): Promise<boolean> {
  if (externalKey === undefined) return Promise.resolve(true)
  return suite.bind(citizen, externalKey).catch((error: unknown) => {
    if (error instanceof StoreUnavailableError) return true
    throw error
  })
}

/** Gives the request an empty session that is never saved, and leaves the one that came alone. */
function hide(context: AnyContext): void {
  Object.defineProperty(context, 'session', { value: {}, configurable: true, writable: true })
}
