/** @module The ways between browsers, processes, stores and providers: every message takes its time, and may be lost. */
import type { Cause, Owner, Scheduler } from './scheduler.js'

/** How long messages take in a world: most are quick, some are not. */
export interface Pace {
  /** Milliseconds that most messages take at most. */
  readonly usual: number
  /** Share of the slow ones, and how long these take at most. */
  readonly slowShare: number
  readonly slowest: number
}

/** What stands at the other end of a way. */
export interface Place extends Owner {
  /** `up`; `deaf`: nothing arrives; `mute`: all arrives, and no answer comes back; `shut`: refused at once. */
  condition: 'up' | 'deaf' | 'mute' | 'shut'
}

/** A place in good order. */
export const place = (name: string): Place => ({ name, isAlive: true, condition: 'up' })

/** Nobody is there, or the connection was cut. */
export class ConnectionError extends Error {
  readonly code = 'ECONNREFUSED'
}

export class Network {
  readonly scheduler: Scheduler
  readonly pace: Pace

  constructor(scheduler: Scheduler, pace: Pace) {
    this.scheduler = scheduler
    this.pace = pace
  }

  /** How long the next message takes. */
  latency(cause: Cause): number {
    const { usual, slowShare, slowest } = this.pace
    const isSlow = this.scheduler.draw(cause) < slowShare
    const share = this.scheduler.draw(cause)
    const most = isSlow ? slowest : usual
    return Math.round(share * share * most * 100) / 100 + 0.05
  }

  /**
   * Asks a place: the work is done when the question arrives, and the answer comes back to whoever asked, if both are still
   * there. What is lost is answered never.
   */
  call<T>(to: Place, work: () => T | Promise<T>): Promise<T> {
    const { scheduler } = this
    const { owner, cause } = scheduler
    return new Promise<T>((resolve, reject) => {
      const answer = (tell: () => void): void => {
        if (to.condition === 'mute' || !to.isAlive) return
        scheduler.after(this.latency(cause), owner, tell, cause)
      }
      const refuse = (): void => {
        scheduler.after(
          this.latency(cause),
          owner,
          () => reject(new ConnectionError('connection refused')),
          cause,
        )
      }
      const arrive = (): void => {
        if (to.condition === 'deaf') return
        if (to.condition === 'shut') {
          refuse()
          return
        }
        Promise.resolve()
          .then(work)
          .then(
            (value) => answer(() => resolve(value)),
            (error: Error) => answer(() => reject(error)),
          )
      }
      scheduler.after(this.latency(cause), to.isAlive ? to : owner, to.isAlive ? arrive : refuse, cause)
    })
  }
}
