/**
 * @module The second error of an ioredis connection. ioredis listens for one error alone, and for no other after it: the
 * next one, as the alert of a server whose certificate was refused, would end the process.
 */
import { has } from './client.js'

const ignore = (): void => {}
/** The clients that are listened to, and their connections: each once, however many stores a client has. */
const heard = new WeakSet<object>()

/** Listens to each connection of a client from its first error on, which the client tells; in a Cluster each is a client. */
export function outlastErrors(client: unknown): void {
  const outlast = (): void => {
    hear(Reflect.get(Object(client), 'stream'), 'error', ignore)
  }
  if (!hear(client, 'error', outlast)) return
  Reflect.apply(client.on, client, ['+node', outlastErrors])
  if (!has(client, 'nodes')) return
  for (const node of Reflect.apply(client.nodes, client, ['all']) as readonly unknown[]) outlastErrors(node)
}

/** Whether it can be listened to, and was not before. */
function hear(
  emitter: unknown,
  event: string,
  listener: () => void,
): emitter is object & { on(...given: readonly unknown[]): unknown } {
  if (typeof emitter !== 'object' || emitter === null || heard.has(emitter) || !has(emitter, 'on'))
    return false
  heard.add(emitter)
  Reflect.apply(emitter.on, emitter, [event, listener])
  return true
}
