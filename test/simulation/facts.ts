/** @module What really happened in a world, as somebody sees it who sees everything: the invariants judge by it. */
import type { Receipt } from '../../src/index.js'
import type { SharedToken } from './browser.js'
import type { Instance, Seen } from './instance.js'
import type { Login } from './provider.js'

/** A request, and what came of it. Times are milliseconds since the world began. */
export interface Asked {
  readonly action: number
  readonly who: string
  readonly instance: Instance
  readonly token: SharedToken | undefined
  readonly login: Login | undefined
  /** Whether it counts as activity. */
  readonly isTouching: boolean
  /** Whether it is on the way of a login, which may begin what has ended anew. */
  readonly isLogin: boolean
  readonly sentAt: number
  /** When it had been dealt with at the process, or the last moment at which it may be. */
  doneAt: number
  /** By the clock of the process when it came; absent: it has not been answered. */
  clockAt?: number
  seen?: Seen
  /** The payload of a token that the answer brought. */
  delivered?: string
  /** Whether the answer deletes the shared cookie. */
  isDeleting?: boolean
  isAnswered: boolean
  /** Its process has stopped meanwhile. */
  isLost?: boolean
}

/** Something that ends sessions: whose, where, since when it may have worked, and since when it must hold. */
export interface Ending {
  readonly by: string
  /** What it ends for certain, once it is told as done. */
  readonly covers: (login: Login, application: string) => boolean
  /** What it may end besides. */
  readonly mayCover?: ((login: Login, application: string) => boolean) | undefined
  readonly begunAt: number
  /** When somebody was told that it is done. */
  acknowledgedAt?: number
}

/** A socket that is open at a process. */
export interface OpenSocket {
  readonly login: Login
  readonly instance: Instance
  readonly process: { readonly isAlive: boolean }
  readonly openedAt: number
  closedAt?: number
  firedAt?: number
}

/** A trouble that somebody made, until when. */
export interface Trouble {
  readonly kind: 'store' | 'provider' | 'process' | 'clock' | 'cookies'
  readonly from: number
  readonly until: number
}

/** All of it. */
export class Facts {
  readonly asked: Asked[] = []
  readonly endings: Ending[] = []
  readonly troubles: Trouble[] = []
  readonly sockets: OpenSocket[] = []
  /** Events of the type `session.ended`, by public id. */
  readonly endedEvents = new Map<string, number>()
  /** Whom a public id was shown to be. */
  readonly publicIds = new Map<string, Login>()
  /** While a master was replaced what was written at the old one may be lost, and what it says may be old. */
  readonly failovers: { readonly lossFrom: number; readonly until: number; readonly isCutOff: boolean }[] = []
  /** Messages of the provider that were carried out. */
  messages = 0
  /** Whose name by SAML it is. */
  readonly names = new Map<string, string>()
  /** How far clocks were apart at most, in milliseconds. */
  clockSlack = 0
  readonly receipts: {
    readonly receipt: Receipt
    readonly asked: Asked
    readonly ending: Ending | undefined
  }[] = []
  /** Sockets that were told of an end, and are not judged yet. */
  readonly firings: OpenSocket[] = []
  /** Timers that were still running when a process had stopped in order. */
  readonly leftTimers: { readonly name: string; readonly count: number }[] = []
  /** Answers that are not judged yet. */
  readonly fresh: Asked[] = []

  /** Endings that may have reached this login here before a time. */
  endingsOf(login: Login, application: string, until: number): readonly Ending[] {
    return this.endings.filter(
      ({ begunAt, covers, mayCover = covers }) => begunAt <= until && mayCover(login, application),
    )
  }

  /** The earliest time since which an end of this login here must hold; `undefined`: none must. */
  acknowledgedAt(login: Login, application: string): number | undefined {
    let earliest: number | undefined
    for (const { acknowledgedAt, covers } of this.endings) {
      if (acknowledgedAt === undefined || !covers(login, application)) continue
      earliest = Math.min(earliest ?? acknowledgedAt, acknowledgedAt)
    }
    return earliest
  }

  of(login: Login, application: string): readonly Asked[] {
    return this.asked.filter((each) => each.login === login && each.instance.application.name === application)
  }

  /** Whether what was written then may have been lost with a master that failed. */
  mayBeLost(from: number, until: number): boolean {
    return this.failovers.some((each) => each.lossFrom <= until && each.until >= from)
  }

  hadTrouble(kinds: readonly Trouble['kind'][], from: number, until: number): boolean {
    return this.troubles.some((each) => kinds.includes(each.kind) && each.from <= until && each.until >= from)
  }
}
