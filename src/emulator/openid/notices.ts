/** @module Back-channel logout: every client of an ended session is told, within its time, and what came of it. */
import { performance } from 'node:perf_hooks'
import type { Context } from '../context.js'
import type { LogoutTokenFault } from '../faults/openid.js'
import type { RegisteredClient } from './clients.js'
import type { SsoSession } from './sso-register.js'

/** What came of telling a client. */
export interface LogoutDelivery {
  readonly clientId: string
  readonly uri: string
  readonly sub: string
  readonly sid: string
  /** When it began, in milliseconds since the epoch. */
  readonly at: number
  /** What was sent; empty where nothing was. */
  readonly token: string
  /** `delivered`: 200 or 204. `refused`: any other status. `failed`: no connection. */
  readonly outcome: 'pending' | 'delivered' | 'refused' | 'timed-out' | 'failed' | 'not-sent'
  readonly status?: number | undefined
  /** Start of the answer's body. */
  readonly answer?: string | undefined
  readonly milliseconds?: number | undefined
}

/** Tells clients, and remembers what came of it. */
export interface Notices {
  /** Newest first, at most 200. */
  readonly deliveries: readonly LogoutDelivery[]
  /** Tells every participant of an ended session that has a back-channel address. */
  tell(sso: SsoSession): void
  settled(): Promise<void>
  clear(): void
}

/** What {@link createNotices} needs. */
export interface NoticesOptions {
  readonly context: Context
  readonly clients: ReadonlyMap<string, RegisteredClient>
  readonly timeoutSeconds: number
  readonly fault: () => LogoutTokenFault | undefined
  readonly sign: (request: {
    readonly client: RegisteredClient
    readonly sub: string
    readonly sid: string
    readonly fault: LogoutTokenFault | undefined
  }) => Promise<string>
}

type Outcome = Pick<LogoutDelivery, 'outcome' | 'status' | 'answer'>

/** Makes it with an empty memory. Source: Back-Channel Logout, sections 2.5, 2.7 and 2.8. */
export function createNotices({ context, clients, timeoutSeconds, fault, sign }: NoticesOptions): Notices {
  const deliveries: LogoutDelivery[] = []
  const underWay = new Set<Promise<void>>()

  function note(delivery: LogoutDelivery) {
    deliveries.unshift(delivery)
    deliveries.length = Math.min(deliveries.length, 200)
    return (change: Partial<LogoutDelivery>) => {
      const at = deliveries.indexOf(delivery)
      if (at !== -1) deliveries[at] = { ...delivery, ...change }
    }
  }

  async function tellOne(client: RegisteredClient, uri: string, { sid, username }: SsoSession) {
    const sub = context.people.find(username)?.sub ?? ''
    const wrong = fault()
    const base = { clientId: client.client_id, uri, sub, sid, at: context.now() }
    if (wrong === 'not-sent') {
      note({ ...base, token: '', outcome: 'not-sent' })
      return
    }
    const token = await sign({ client, sub, sid, fault: wrong })
    for (let times = wrong === 'replayed' ? 2 : 1; times > 0; times -= 1) {
      const finish = note({ ...base, token, outcome: 'pending' })
      const begun = performance.now()
      const outcome = await post(uri, token)
      finish({ ...outcome, milliseconds: Math.round(performance.now() - begun) })
    }
  }

  async function post(uri: string, token: string): Promise<Outcome> {
    const signal = AbortSignal.timeout(timeoutSeconds * 1000)
    try {
      const response = await withinTime(
        context.options.fetch(uri, {
          method: 'POST',
          body: new URLSearchParams({ logout_token: token }),
          redirect: 'manual',
          signal,
        }),
        signal,
      )
      const answer = (await withinTime(response.text(), signal)).slice(0, 500)
      const outcome = response.status === 200 || response.status === 204 ? 'delivered' : 'refused'
      return { outcome, status: response.status, answer }
    } catch (error) {
      return signal.aborted
        ? { outcome: 'timed-out' }
        : { outcome: 'failed', answer: error instanceof Error ? error.message : undefined }
    }
  }

  return {
    get deliveries() {
      return [...deliveries]
    },
    tell(sso) {
      for (const clientId of sso.participants.keys()) {
        const client = clients.get(clientId)
        const uri = client?.backchannel_logout_uri
        if (!client || uri === undefined) continue
        const work = tellOne(client, uri, sso).finally(() => underWay.delete(work))
        underWay.add(work)
      }
    },
    async settled() {
      while (underWay.size > 0) await Promise.all(underWay)
    },
    clear() {
      deliveries.length = 0
    },
  }
}

/** Rejects when the time is over, even if whoever works does not listen. */
function withinTime<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = () => reject(signal.reason)
    if (signal.aborted) late()
    signal.addEventListener('abort', late, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', late))
  })
}
