/** @module What the server may have said, and what a client knows of it, for tests without a page. */
import type { CitizenClientOptions, CitizenSnapshot } from '../../src/browser/options.js'
import { type ClientState, initialState } from '../../src/browser/state.js'
import type { Reading, Status } from '../../src/browser/status.js'

/** When the server says that it is. */
export const start = Date.UTC(2026, 0, 15, 12)

/** When the browser says that it is, which is years behind. */
export const here = 1_000_000_000_000

/** A session that began just now. */
export function statusWith(
  idleSeconds: number,
  absoluteSeconds: number,
  changes: Partial<Status> = {},
): Status {
  return {
    state: 'active',
    reason: null,
    now: start,
    session: {
      publicId: 'p',
      startedAt: start,
      lastSeenAt: start,
      idleEndsAt: start + idleSeconds * 1000,
      endsAt: start + absoluteSeconds * 1000,
    },
    person: 'ana',
    assurance: { level: 1, method: 'password' },
    degraded: false,
    login: '/session/login',
    ...changes,
  }
}

/** A session of ten minutes, asked for that many seconds from now. */
export function active(seconds = 0, changes: Partial<Status> = {}): Reading {
  return { status: statusWith(600, 43_200, changes), at: here + seconds * 1000 }
}

/** The word that there is no session, asked for that many seconds from now. */
export function without(reason: string | null, seconds = 0, changes: Partial<Status> = {}): Reading {
  return active(seconds, { state: 'anonymous', reason, session: null, person: null, ...changes })
}

/** What a tab knows whose last question was the one of its reading. */
export function stateWith({
  options = {},
  snapshot,
  ...changes
}: Partial<Omit<ClientState, 'snapshot' | 'options'>> & {
  readonly options?: CitizenClientOptions
  readonly snapshot?: Partial<CitizenSnapshot>
}): Readonly<ClientState> {
  return Object.freeze({
    ...initialState,
    askedAt: changes.reading?.at ?? 0,
    ...changes,
    options,
    snapshot: { ...initialState.snapshot, ...snapshot },
  })
}
