/** @module Which clients take part in which identity session, and the `sid` under which they know it. */
import type { Random } from '../random.js'
import type { KeptSession, Sessions } from '../sessions.js'

/** An identity session as clients see it. It outlives a new authentication of the same person. */
export interface SsoSession {
  /** Base64 with `+` and `/`, as some providers in the field have it. */
  readonly sid: string
  readonly username: string
  session: KeptSession
  /** When each client joined, by `client_id`; milliseconds since the epoch. */
  readonly participants: Map<string, number>
}

/** The register. */
export interface SsoRegister {
  /** The clients' side of a session; made when it is asked for. */
  of(session: KeptSession): SsoSession
  join(session: KeptSession, clientId: string): SsoSession
  isAlive(sso: SsoSession): boolean
  bySid(sid: string): SsoSession | undefined
  /** A newer session of the same person takes the place of the older one. */
  carry(older: KeptSession, newer: KeptSession): void
  /** Takes an ended session out. */
  take(session: KeptSession): SsoSession | undefined
  /** Those of living sessions, oldest first. */
  list(): readonly SsoSession[]
  clear(): void
}

/** What {@link createSsoRegister} needs. */
export interface SsoRegisterOptions {
  readonly sessions: Sessions
  readonly random: Random
  readonly now: () => number
}

/** Makes an empty register. */
export function createSsoRegister({ sessions, random, now }: SsoRegisterOptions): SsoRegister {
  const known = new Map<string, SsoSession>()
  const isAlive = ({ session }: SsoSession) => sessions.findByCookie(session.cookie) !== undefined
  function of(session: KeptSession) {
    const found = known.get(session.cookie)
    if (found) return found
    const sid = session.sid ?? Buffer.from(random(18)).toString('base64')
    const made = { sid, username: session.username, session, participants: new Map<string, number>() }
    known.set(session.cookie, made)
    return made
  }
  function list() {
    for (const [cookie, sso] of known) if (!isAlive(sso)) known.delete(cookie)
    return [...known.values()]
  }
  return {
    of,
    join(session, clientId) {
      const sso = of(session)
      if (!sso.participants.has(clientId)) sso.participants.set(clientId, now())
      return sso
    },
    isAlive,
    bySid: (sid) => list().find((sso) => sso.sid === sid),
    carry(older, newer) {
      const sso = known.get(older.cookie)
      if (!sso || sso.username !== newer.username || known.has(newer.cookie)) return
      known.delete(older.cookie)
      sso.session = newer
      known.set(newer.cookie, sso)
    },
    take(session) {
      const sso = known.get(session.cookie)
      known.delete(session.cookie)
      return sso
    },
    list,
    clear: () => known.clear(),
  }
}
