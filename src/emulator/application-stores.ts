/** @module What the applications of the provider have kept of their sessions, each in a store of its own. */

/** Which application, by the name of its endpoint. */
export type ApplicationName = 'service-dashboard' | 'business-connect'

/** The store of one application. */
export interface ApplicationStore {
  /** When the application saw the session of that `jti` first: now, where it is new to it. Milliseconds since the epoch. */
  since(jti: string, now: number): number
  clear(): void
}

/** All of them. */
export type ApplicationStores = Readonly<Record<ApplicationName, ApplicationStore>>

/** Sessions that one application remembers. */
const mostSessions = 1000

function createStore(): ApplicationStore {
  const seen = new Map<string, number>()
  return {
    since(jti, now) {
      const known = seen.get(jti)
      if (known !== undefined) return known
      const [oldest] = seen.keys()
      if (seen.size >= mostSessions && oldest !== undefined) seen.delete(oldest)
      seen.set(jti, now)
      return now
    },
    clear: () => seen.clear(),
  }
}

/** Makes the stores, empty. */
export const createApplicationStores = (): ApplicationStores => ({
  'service-dashboard': createStore(),
  'business-connect': createStore(),
})
