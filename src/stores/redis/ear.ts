/** @module A connection of its own that hears what is published, whichever package it is of. */
import { type Command, type Ear, has } from './client.js'

/** What an ear needs of a client's connection. */
export interface EarClient {
  connect(): Promise<unknown>
  ask(command: Command): Promise<unknown>
  subscribe(channel: string, hear: (message: string) => void): Promise<unknown>
  /** Keeps no process alive by itself. */
  unref(): void
  /** Ends it at once. */
  destroy(): void
}

/** An ear over a connection that is not connected yet. `isLost` is called with what ends it. */
export function openEar(
  client: EarClient,
  onEnd: (isLost: () => void) => void,
  channel: string,
  hear: (message: string) => void,
): Ear {
  const lost = new Promise<void>((resolve) => onEnd(resolve))
  const open = async (): Promise<unknown> => {
    await client.connect()
    client.unref()
    // Before it subscribes: then it may ask nothing any more.
    const answer = await client.ask(['INFO', 'server']).catch(() => undefined)
    await client.subscribe(channel, hear)
    return answer
  }
  const opened = open()
  opened.catch(() => undefined)
  return { opened, lost, close: () => client.destroy() }
}

/** Lets a socket of a client's stream keep no process alive. */
export function unrefStream(client: object): void {
  const stream: unknown = Reflect.get(client, 'stream')
  if (typeof stream === 'object' && stream !== null && has(stream, 'unref')) {
    Reflect.apply(stream.unref, stream, [])
  }
}
