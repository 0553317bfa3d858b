/**
 * @module What ioredis makes of a failover that its Sentinels tell, put right. It listens for `+switch-master`, but
 * (5 and 6): heard while it looks for the master, the message ends the client for good; and one that was told before
 * it listened, or while it was not connected to the Sentinel, is missed, so that it stays with a replaced master.
 */
import { isIP } from 'node:net'
import { has, type Method, replaceMethod } from './client.js'

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

/** `host:port` of what a Sentinel, or a list of Sentinels, names. */
const addressIn = (value: unknown): string | undefined =>
  isObject(value) ? `${Reflect.get(value, 'host')}:${Reflect.get(value, 'port')}` : undefined

/** Nobody looks at what comes of a subscription that is made anew: refused, it would end the process. */
const heeded =
  (work: Method): Method =>
  (...given) => {
    const outcome = work(...given)
    Promise.resolve(outcome).catch(() => {})
    return outcome
  }

/** Where a connection leads that was made before anybody took note of it; unknown behind a name. */
function addressOf(stream: unknown, like: string): string | undefined {
  if (!isObject(stream) || isIP(like.slice(0, like.lastIndexOf(':'))) === 0) return undefined
  return `${Reflect.get(stream, 'remoteAddress')}:${Reflect.get(stream, 'remotePort')}`
}

/** Mends the connector of an ioredis with Sentinels; anything else is left as it is. */
export function mendFailover(client: object): void {
  const connector: unknown = Reflect.get(client, 'connector')
  if (!isObject(connector) || !has(connector, 'resolve')) return
  if (!('failoverDetector' in connector)) return
  const ask: Method = connector.resolve as (...given: unknown[]) => unknown
  const resolved = (endpoint: unknown) =>
    Promise.resolve(Reflect.apply(ask, connector, [endpoint])).catch(() => undefined)
  const detector = (): unknown => Reflect.get(connector, 'failoverDetector')
  const stream = (): unknown => Reflect.get(connector, 'stream')
  let master: string | undefined

  /** Asks the Sentinel that named the master whether it still does. Another one might know less. */
  async function lookAgain(listener: object, endpoint: unknown): Promise<void> {
    const now = addressIn(await resolved(endpoint))
    if (now === undefined || listener !== detector() || Reflect.get(listener, 'isDisconnected') === true)
      return
    const named = master ?? addressOf(stream(), now)
    if (named === undefined || named === now || !has(listener, 'disconnect')) return
    Reflect.apply(listener.disconnect, listener, [])
  }

  /** Looks again as often as the connection to that Sentinel is made: what was told before it was told to nobody. */
  function attend(): void {
    const listener = detector()
    if (!isObject(listener)) return
    const told: unknown = Reflect.get(listener, 'sentinels')
    const sentinels: unknown[] = Array.isArray(told) ? told : []
    for (const each of sentinels) {
      const listening: unknown = isObject(each) ? Reflect.get(each, 'client') : undefined
      if (isObject(listening)) replaceMethod(listening, 'subscribe', heeded)
    }
    // The first is the one that named the master.
    const [first] = sentinels
    const listening: unknown = isObject(first) ? Reflect.get(first, 'client') : undefined
    if (!isObject(first) || !isObject(listening) || !has(listening, 'on')) return
    const look = () => void lookAgain(listener, Reflect.get(first, 'address'))
    Reflect.apply(listening.on, listening, ['ready', look])
  }

  // Who listened for the last connection must not end the next one.
  replaceMethod(connector, 'connect', (connect) => (...given) => {
    const old = detector()
    if (isObject(old) && has(old, 'cleanup')) Reflect.apply(old.cleanup, old, [])
    return connect(...given)
  })
  replaceMethod(connector, 'resolve', (resolve) => async (endpoint) => {
    const chosen = await resolve(endpoint)
    master = addressIn(chosen)
    return chosen
  })
  replaceMethod(connector, 'initFailoverDetector', (begin) => (...given) => {
    const begun = begin(...given)
    attend()
    return begun
  })
  attend()
}
