/** @module What is under a world: virtual time, seeded chance and a counted thread pool in the place of the machine's. */
import nodeCrypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { replaceTimers } from '../../src/timers.js'
import { countThreadPool } from './quiet.js'
import type { Dice } from './random.js'
import type { Scheduler } from './scheduler.js'

/** Puts it there for one run, whose time is `clock`. Returns the way back. */
export function layGround(scheduler: Scheduler, dice: Dice, clock: () => number): () => void {
  const { randomBytes } = nodeCrypto
  const { now } = Date
  const stopCounting = countThreadPool()
  const restoreTimers = replaceTimers(scheduler.timers)
  // What the core does not take from `random`: names of instances, owners of claims, the secret of a memory.
  nodeCrypto.randomBytes = ((length: number) => dice.bytes(length)) as typeof randomBytes
  syncBuiltinESMExports()
  // Packages look at the machine's clock.
  Date.now = clock
  return () => {
    Date.now = now
    nodeCrypto.randomBytes = randomBytes
    syncBuiltinESMExports()
    restoreTimers()
    stopCounting()
  }
}
