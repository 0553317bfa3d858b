/** @module The account of a single logout: whom we told, and how they answered. */
import { type JudgedMessage, readStatus } from './incoming.js'
import { type SamlBinding, statusWord } from './names.js'
import type { SamlMessage } from './outgoing.js'
import type { Participation } from './participations.js'
import { type SamlProblem, SamlRefusal } from './refusal.js'

/** How telling a service provider went. */
export interface SamlDelivery {
  /** Milliseconds since the epoch. */
  readonly at: number
  /** entityID. */
  readonly serviceProvider: string
  /** `undefined`: the provider has no address that could be used. */
  readonly binding: SamlBinding | undefined
  /** ID of the LogoutRequest. */
  readonly id: string | undefined
  readonly nameId: string
  readonly sessionIndex: string
  /** `pending`: no answer yet. `done`: Success. `partial`: with PartialLogout. `failed`: another status, or a refused answer. */
  state: 'pending' | 'done' | 'partial' | 'failed' | 'unreachable'
  /** Status codes of the answer from the top, by their last word. */
  status: readonly string[]
  /** What was wrong with the answer. */
  problem: SamlProblem | undefined
}

/** Whom a LogoutRequest concerns. */
export type Told = Pick<Participation, 'provider' | 'nameId' | 'sessionIndex'>

/** Of deliveries, and of logouts that wait for a browser: the oldest are forgotten. */
export const mostKept = 500

/** The account. */
export interface Deliveries {
  /** Copies, oldest first. */
  list(): readonly SamlDelivery[]
  /** Enters whom we tell, by this message or, for want of an address, by none. */
  enter(one: Told, message: SamlMessage | undefined): SamlDelivery
  clear(): void
}

/** Makes an empty account. */
export function createDeliveries(now: () => number): Deliveries {
  let deliveries: SamlDelivery[] = []
  return {
    list: () => deliveries.map((one) => ({ ...one })),
    enter(one, message) {
      const delivery: SamlDelivery = {
        at: now(),
        serviceProvider: one.provider,
        binding: message?.binding,
        id: message?.id,
        nameId: one.nameId.value,
        sessionIndex: one.sessionIndex,
        state: message ? 'pending' : 'unreachable',
        status: [],
        problem: message ? undefined : 'unreachable',
      }
      deliveries = [...deliveries, delivery].slice(-mostKept)
      return delivery
    },
    clear() {
      deliveries = []
    },
  }
}

/** An answer, and the `RelayState` that it has to bring back. */
export interface Answer {
  readonly judged: JudgedMessage
  readonly sentRelayState: string | undefined
  readonly relayState: string | undefined
}

/** Enters an answer; the status counts only where the answer itself is good. @throws `emulator`, a `SamlRefusal`. */
export function settle(delivery: SamlDelivery, { judged, sentRelayState, relayState }: Answer): void {
  const { provider, element } = judged
  if (provider.entityId !== delivery.serviceProvider) {
    throw new SamlRefusal('in-response-to', 'the answer is of another service provider')
  }
  if (element.attributes.get('InResponseTo') !== delivery.id) {
    throw new SamlRefusal('in-response-to', 'InResponseTo must be the ID of our request')
  }
  if (sentRelayState !== relayState) {
    throw new SamlRefusal('relay-state', 'RelayState must come back as it was sent')
  }
  delivery.status = readStatus(element).map(statusWord)
  const isSuccess = delivery.status[0] === 'Success'
  delivery.state = !isSuccess ? 'failed' : delivery.status.includes('PartialLogout') ? 'partial' : 'done'
}

/** Enters that there is no good answer. */
export function fail(delivery: SamlDelivery, error: unknown): void {
  delivery.state = error instanceof SamlRefusal ? 'failed' : 'unreachable'
  delivery.problem = error instanceof SamlRefusal ? error.problem : 'unreachable'
}
