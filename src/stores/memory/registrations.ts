/** @module Which application has which id, in the memory store: an id is free once none of its instances is left. */
import type { Clock } from '../../clock.js'
import { isWaiting, type Wait } from '../../wait.js'
import type { IdOwner } from '../store.js'

interface Registration {
  readonly fingerprint: string
  /** The lease of each instance by its name. */
  readonly leases: Map<string, Wait>
}

/** Makes the registrations of a store. A lease ends with a step of the clock back: nobody is locked out by it. */
export function createRegistrations(clock: Clock) {
  const registrations = new Map<string, Registration>()

  /** The registration that holds now, without the leases that are over. */
  function holding(application: string, now: number): Registration | undefined {
    const registration = registrations.get(application)
    if (registration === undefined) return undefined
    for (const [instance, lease] of registration.leases) {
      if (!isWaiting(lease, now)) registration.leases.delete(instance)
    }
    if (registration.leases.size > 0) return registration
    registrations.delete(application)
    return undefined
  }

  return {
    register(application: string, fingerprint: string, seconds: number, instance = ''): true | IdOwner {
      const now = clock()
      const held = holding(application, now)
      if (held !== undefined && held.fingerprint !== fingerprint) {
        const ends = [...held.leases.values()].map(({ since, milliseconds }) => since + milliseconds)
        return { fingerprint: held.fingerprint, seconds: Math.ceil((Math.max(...ends) - now) / 1000) }
      }
      const registration = held ?? { fingerprint, leases: new Map<string, Wait>() }
      registration.leases.set(instance, { since: now, milliseconds: seconds * 1000 })
      registrations.set(application, registration)
      return true
    },
    deregister(application: string, fingerprint: string, instance: string): void {
      const held = holding(application, clock())
      if (held?.fingerprint !== fingerprint) return
      held.leases.delete(instance)
      if (held.leases.size === 0) registrations.delete(application)
    },
  }
}
