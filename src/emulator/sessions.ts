/** @module The identity sessions of the emulator: what it knows of who is signed in. */
import { type Random, randomUuid } from './random.js'

/** How far a person has proved who they are. */
export type Level = 'password' | 'mfa' | 'did'

/** An identity session. Times are milliseconds since the epoch. */
export interface IdentitySession {
  /** The session value in every token of the session. */
  readonly jti: string
  readonly username: string
  readonly level: Level
  readonly startedAt: number
  /** Ends then unless it is extended: by a refresh of any application, or a request to the provider itself. */
  readonly expiresAt: number
  /** Ends then in any case. */
  readonly endsAt: number
}

/** A session as the emulator keeps it. */
export interface KeptSession extends IdentitySession {
  jti: string
  level: Level
  expiresAt: number
  /** Value of the provider's own cookie. */
  readonly cookie: string
  /** What every kind of session names it by; absent where each has a name of its own. */
  readonly sid: string | undefined
  /** Wrong second-factor codes so far. */
  failedCodes: number
  /** The newest token that was issued. */
  newestToken: string | undefined
}

/** The identity sessions of an emulator. Ended ones are forgotten: what is not here has ended. */
export interface Sessions {
  /** `sid`: that of the session in whose place it comes. Default: a new one, where sessions have one. */
  begin(username: string, level: Level, sid?: string): KeptSession
  /** The living session of this session value. */
  find(jti: string): KeptSession | undefined
  findByCookie(cookie: string): KeptSession | undefined
  extend(session: KeptSession): void
  /** Gives the session another session value. */
  rename(session: KeptSession): void
  end(session: KeptSession): void
  /** Tells of every session that somebody ended; not of those that time did, or a reset. */
  onEnd(listener: (session: KeptSession) => void): void
  /** Ends the session of this session value, or all of this username. Returns how many. */
  revoke(jtiOrUsername: string): number
  list(): readonly KeptSession[]
  clear(): void
}

/** What {@link createSessions} needs. */
export interface SessionsOptions {
  readonly now: () => number
  readonly random: Random
  readonly idleSeconds: number
  readonly sessionSeconds: number
  readonly sharesSessionId: boolean
}

/** Makes an empty register of sessions. */
export function createSessions(options: SessionsOptions): Sessions {
  const { now, random, idleSeconds, sessionSeconds } = options
  const byValue = new Map<string, KeptSession>()
  const byCookie = new Map<string, KeptSession>()

  const listeners: ((session: KeptSession) => void)[] = []

  const isAlive = (session: KeptSession) => now() < session.expiresAt
  function forget(session: KeptSession) {
    byValue.delete(session.jti)
    byCookie.delete(session.cookie)
  }
  function end(session: KeptSession) {
    const isKnown = byCookie.has(session.cookie)
    forget(session)
    if (isKnown) for (const listener of listeners) listener(session)
  }
  function living(session: KeptSession | undefined) {
    if (!session || isAlive(session)) return session
    forget(session)
    return undefined
  }
  function list() {
    for (const session of byValue.values()) living(session)
    return [...byValue.values()]
  }
  function extend(session: KeptSession) {
    session.expiresAt = Math.min(now() + idleSeconds * 1000, session.endsAt)
  }

  return {
    begin(username, level, sid = options.sharesSessionId ? randomUuid(random) : undefined) {
      if (byValue.size > 1000) list()
      const endsAt = now() + sessionSeconds * 1000
      const session: KeptSession = {
        jti: randomUuid(random),
        username,
        level,
        startedAt: now(),
        expiresAt: endsAt,
        endsAt,
        cookie: Buffer.from(random(32)).toString('base64url'),
        sid,
        failedCodes: 0,
        newestToken: undefined,
      }
      extend(session)
      byValue.set(session.jti, session)
      byCookie.set(session.cookie, session)
      return session
    },
    find: (jti) => living(byValue.get(jti)),
    findByCookie: (cookie) => living(byCookie.get(cookie)),
    extend,
    rename(session) {
      byValue.delete(session.jti)
      session.jti = randomUuid(random)
      byValue.set(session.jti, session)
    },
    end,
    onEnd(listener) {
      listeners.push(listener)
    },
    revoke(jtiOrUsername) {
      const found = list().filter(({ jti, username }) => jti === jtiOrUsername || username === jtiOrUsername)
      for (const session of found) end(session)
      return found.length
    },
    list,
    clear() {
      byValue.clear()
      byCookie.clear()
    },
  }
}
