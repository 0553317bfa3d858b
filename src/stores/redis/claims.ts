/** @module The claims, deposits and leases in Redis, each a key with a life of its own. */
import { claimSeconds, claimText } from '../claim.js'
import type { Store } from '../store.js'
import type { RedisContext } from './context.js'
import { lifeWord } from './format.js'
import { isDone, textAt } from './reply.js'
import { scripts } from './scripts.js'

/** Makes the claims of what is done once. */
export function createRedisClaims({
  connection,
  prefix,
}: RedisContext): Pick<Store, 'claimOnce' | 'confirmClaim' | 'abandonClaim'> {
  const keyOf = (name: string): string => `${prefix}claim:${name}`
  return {
    async claimOnce(name, owner) {
      const key = keyOf(name)
      const life = lifeWord(claimSeconds)
      if (owner !== undefined) return isDone(await connection.run(scripts.hold, key, claimText(owner), life))
      return (await connection.command(key, ['SET', key, claimText(owner), 'PX', life, 'NX'])) === 'OK'
    },
    async confirmClaim(name, seconds) {
      const key = keyOf(name)
      await connection.command(key, ['SET', key, 'settled', 'PX', lifeWord(seconds)])
    },
    async abandonClaim(name, owner) {
      await connection.run(scripts.release, keyOf(name), claimText(owner))
    },
  }
}

/** Makes the deposits, each for one reader. */
export function createRedisDeposits({
  connection,
  prefix,
}: RedisContext): Pick<Store, 'deposit' | 'withdraw'> {
  const keyOf = (name: string): string => `${prefix}deposit:${name}`
  return {
    async deposit(name, text, seconds) {
      const key = keyOf(name)
      await connection.command(key, ['SET', key, text, 'PX', lifeWord(seconds)])
    },
    async withdraw(name) {
      const reply = await connection.run(scripts.withdraw, keyOf(name))
      return reply[0] === 'found' ? textAt(reply, 1) : undefined
    },
  }
}

/** Makes the leases, whose numbers grow. */
export function createRedisLeases({
  connection,
  prefix,
}: RedisContext): Pick<Store, 'lease' | 'renewLease' | 'releaseLease'> {
  const keyOf = (name: string): string => `${prefix}lease:${name}`
  // In the place of the lease: its key has no braces, so that the whole of it is what a Cluster hashes.
  const fenceKeyOf = (name: string): string => `${prefix}fence:{${keyOf(name)}}`
  return {
    async lease(name, seconds) {
      const reply = await connection.run(scripts.lease, keyOf(name), fenceKeyOf(name), lifeWord(seconds))
      return reply[0] === 'leased' ? Number(reply[1]) : undefined
    },
    async renewLease(name, fence, seconds) {
      return isDone(await connection.run(scripts.renew, keyOf(name), String(fence), lifeWord(seconds)))
    },
    async releaseLease(name, fence) {
      await connection.run(scripts.release, keyOf(name), String(fence))
    },
  }
}
