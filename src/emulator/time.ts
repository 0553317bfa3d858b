/** @module The time of an emulator: travel, the skew that a fault gives it, and a moment as pages show it. */
import type { Clock } from '../clock.js'
import { CitizenSessionError } from '../errors.js'

/** The time. */
export interface Time {
  /** Travel included, without a skew. */
  readonly clock: Clock
  /** Travel and skew included. */
  now(): number
  /** Moves both forward. @throws `emulator` */
  travel(seconds: number): void
  /** Comes back from every travel. */
  reset(): void
}

/** Makes it over another clock. */
export function createTime(given: Clock, skewSeconds: () => number): Time {
  let travelled = 0
  const clock = () => given() + travelled
  return {
    clock,
    now: () => clock() + skewSeconds() * 1000,
    travel(seconds) {
      if (!Number.isFinite(seconds)) {
        throw new CitizenSessionError('emulator', 'travel: seconds must be a number')
      }
      travelled += seconds * 1000
    },
    reset() {
      travelled = 0
    },
  }
}

/** A moment as pages show it. */
export const shownTime = (milliseconds: number): string =>
  `${new Date(milliseconds).toISOString().slice(0, 19).replace('T', ' ')} UTC`
