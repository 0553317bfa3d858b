/** @module What the server says of the session, and how much of it is left: arithmetic, without a browser. */

/** The JSON of `GET <path>/status` and `POST <path>/extend`. Times are milliseconds since the epoch, the server's. */
export interface Status {
  readonly state: 'active' | 'mfa-required' | 'anonymous' | 'unavailable'
  readonly reason: string | null
  readonly now: number
  readonly session: {
    readonly publicId: string
    readonly startedAt: number
    readonly lastSeenAt: number
    readonly idleEndsAt: number
    readonly endsAt: number
  } | null
  /** Stands for the person; the same in all of their sessions. */
  readonly person: string | null
  readonly assurance: { readonly level: number; readonly method: string } | null
  readonly degraded: boolean
  readonly login: string
  /** Name of the application; absent from a server before 0.2.0. */
  readonly application?: string
  /** A page of ours to show in a hidden frame while this session lives; absent from a server before 0.2.0. */
  readonly frame?: string | null
}

/** A status, with the browser's time when it was asked for: a clock that goes on while the machine sleeps. */
export interface Reading {
  readonly status: Status
  readonly at: number
}

/** A value as a status; `undefined`: it is none. */
export function parseStatus(value: unknown): Status | undefined {
  const { state, now, session, login, frame } = (value ?? {}) as Partial<Status>
  // A sum that is no number has a part that is none: such a session would never end.
  const isTimed = Number.isFinite(session && now && now + session.idleEndsAt + session.endsAt)
  return isOwnPath(login) && isOwnPath(frame ?? login) && state && (isTimed || state !== 'active')
    ? (value as Status)
    : undefined
}

/**
 * Whether a value is an address that a browser may be sent to: of http or https, or a path of our own origin. Nothing
 * but visible ASCII: browsers drop tabs and line breaks from an address before they read it.
 */
export function isAddress(value: unknown): value is string {
  // What is no text is no address as a text either.
  return /^(https?:\/)?\/(?![/\\])[!-~]*$/.test(value as string)
}

/** Whether a value is such a path. */
export function isOwnPath(value: unknown): value is string {
  return isAddress(value) && value[0] === '/'
}

/**
 * Milliseconds until the session ends by the server's clock; `undefined` without an active session. Counted from the
 * moment of asking, not of the answer: early by a moment, never late.
 */
export function millisecondsLeft({ status, at }: Reading, now: number): number | undefined {
  return status.state === 'active' ? endOf(status) - status.now - Math.max(now - at, 0) : undefined
}

/** The end of the session by the server's clock; 0 without one. */
export function endOf({ session }: Status): number {
  return session ? Math.min(session.idleEndsAt, session.endsAt) : 0
}

/**
 * Milliseconds before the end at which to warn: as asked for, else two minutes, one where the idle time is ten
 * minutes or less. At least 20 seconds (WCAG 2.2, 2.2.1), and never more than half of the idle time.
 * Before an absolute limit two minutes, unless the whole session is that short.
 */
export function warningTime({ session }: Status, warnSeconds: number | undefined): number {
  if (session === null) return 0
  const { startedAt, lastSeenAt, idleEndsAt, endsAt } = session
  // Near the absolute limit the idle time is cut off by it, and does not show its length any more.
  const length = idleEndsAt < endsAt ? idleEndsAt - lastSeenAt : endsAt - startedAt
  return Math.min(Math.max(warnSeconds ?? (length <= 600_000 ? 60 : 120), 20) * 1000, length / 2)
}
