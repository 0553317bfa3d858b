/** @module The claims, deposits and leases of the memory store. */
import type { Clock } from '../../clock.js'
import { claimSeconds, claimText } from '../claim.js'
import type { MemoryStore } from './contract.js'
import { createLocks } from './locks.js'

/** Makes the claims: they forbid, and outlast a step of the clock. */
export function createClaims(clock: Clock): Pick<MemoryStore, 'claimOnce' | 'confirmClaim' | 'abandonClaim'> {
  const claims = createLocks(clock, 'forbid')
  return {
    claimOnce(key, owner) {
      const holder = claims.owner(key)
      if (holder !== undefined && (owner === undefined || holder !== claimText(owner))) return false
      claims.hold(key, claimText(owner), claimSeconds)
      return true
    },
    confirmClaim(key, seconds) {
      claims.hold(key, 'settled', seconds)
    },
    abandonClaim(key, owner) {
      if (claims.owner(key) === claimText(owner)) claims.free(key)
    },
  }
}

/** Makes the deposits, each for one reader. */
export function createDeposits(clock: Clock): Pick<MemoryStore, 'deposit' | 'withdraw'> {
  const deposits = createLocks(clock, 'wait')
  return {
    deposit(key, text, seconds) {
      deposits.hold(key, text, seconds)
    },
    withdraw(key) {
      const text = deposits.owner(key)
      deposits.free(key)
      return text === undefined ? undefined : String(text)
    },
  }
}

/** Makes the leases, whose numbers grow. */
export function createLeases(clock: Clock): Pick<MemoryStore, 'lease' | 'renewLease' | 'releaseLease'> {
  const leases = createLocks(clock, 'wait')
  let lastFence = 0
  return {
    lease(key, seconds) {
      if (leases.owner(key) !== undefined) return undefined
      lastFence += 1
      leases.hold(key, lastFence, seconds)
      return lastFence
    },
    renewLease(key, fence, seconds) {
      if (leases.owner(key) !== fence) return false
      leases.hold(key, fence, seconds)
      return true
    },
    releaseLease(key, fence) {
      if (leases.owner(key) === fence) leases.free(key)
    },
  }
}
