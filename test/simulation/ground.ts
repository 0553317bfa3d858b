/** @module What is under a world: virtual time, seeded chance and a counted thread pool in the place of the machine's. */
import { AsyncLocalStorage } from 'node:async_hooks'
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
  const { run } = AsyncLocalStorage.prototype
  const { constrainedMemory } = process
  const memory = constrainedMemory.call(process)
  const stopCounting = countThreadPool()
  const restoreTimers = replaceTimers(scheduler.timers)
  // What the core does not take from `random`: names of instances, owners of claims, the secret of a memory.
  nodeCrypto.randomBytes = ((length: number) => dice.bytes(length)) as typeof randomBytes
  syncBuiltinESMExports()
  // The emulator's pages in its first language: who has once run in a storage of Node 20 pays for every promise from then on.
  AsyncLocalStorage.prototype.run = (
    _stored: unknown,
    work: (...given: never[]) => unknown,
    ...given: never[]
  ) => work(...given)
  // What the emulator waits for at most.
  const { timeout } = AbortSignal
  const { owner: nobody } = scheduler
  AbortSignal.timeout = (milliseconds) => {
    const controller = new AbortController()
    const late = (): void => controller.abort(new DOMException('the time is over', 'TimeoutError'))
    scheduler.after(milliseconds, nobody, late)
    return controller.signal
  }
  // Reads a file each time.
  process.constrainedMemory = () => memory
  // Packages look at the machine's clock.
  Date.now = clock
  return () => {
    Date.now = now
    AsyncLocalStorage.prototype.run = run
    AbortSignal.timeout = timeout
    process.constrainedMemory = constrainedMemory
    nodeCrypto.randomBytes = randomBytes
    syncBuiltinESMExports()
    restoreTimers()
    stopCounting()
  }
}
