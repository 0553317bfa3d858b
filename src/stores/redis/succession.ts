/** @module Successors of a client of node-redis, which gives a silent connection up only when the kernel does. */
import { timers } from '../../timers.js'
import { has } from './client.js'

/** What succession needs of a client. */
interface Succeeded {
  readonly isOpen: boolean
  destroy(): unknown
}

/** The client in use: the application's own, or a duplicate of it where its connection has died. */
export interface Succession<Client> {
  readonly current: Client
  /** Connects a duplicate, and takes it once it is connected. One at a time. */
  replace(): void
  /** Ends the duplicates. */
  close(): void
}

/** How long a duplicate may take to connect before it is given up, in milliseconds. */
const connectMilliseconds = 2000

/** Ends it, whatever state it is in: node-redis throws, or rejects, where nothing is open. */
async function destroy(client: Succeeded): Promise<void> {
  try {
    await client.destroy()
  } catch {
    // It was closed already.
  }
}

/** Makes the succession of the application's client, which is never closed here. */
export function createSuccession<Client extends Succeeded>(first: Client): Succession<Client> {
  let current = first
  let candidate: Client | undefined

  const close = (): void => {
    const old = current
    current = first
    if (old !== first) void destroy(old)
    if (candidate !== undefined) void destroy(candidate)
    candidate = undefined
  }

  function duplicate(): Client | undefined {
    if (!has(first, 'duplicate')) return undefined
    const made = Reflect.apply(first.duplicate, first, []) as Client
    if (has(made, 'on')) Reflect.apply(made.on, made, ['error', () => undefined])
    return made
  }

  async function connect(made: Client): Promise<void> {
    const limit = timers.setTimeout(() => void destroy(made), connectMilliseconds)
    try {
      if (has(made, 'connect')) await Reflect.apply(made.connect, made, [])
      if (candidate !== made || !made.isOpen) return await destroy(made)
      const old = current
      current = made
      if (old !== first) await destroy(old)
    } catch {
      await destroy(made)
    } finally {
      timers.clearTimeout(limit)
      if (candidate === made) candidate = undefined
    }
  }

  // A duplicate must not outlive the client that the application closes; of a Cluster that is told by `disconnect`.
  if (has(first, 'on')) {
    for (const event of ['end', 'disconnect']) Reflect.apply(first.on, first, [event, close])
  }

  return {
    get current() {
      return current
    },
    replace() {
      if (candidate !== undefined || !first.isOpen) return
      candidate = duplicate()
      if (candidate !== undefined) void connect(candidate)
    },
    close,
  }
}
