/** @module A relay before a server of a test: its connections can go silent, its name can lead to another server. */
import { connect, createServer, type Socket } from 'node:net'

/** A relay on a free loopback port. */
export interface Relay {
  readonly host: string
  readonly port: number
  /** Where new connections lead; those that are open stay. */
  target: number
  /** The connections that are open now say nothing more, to either side; new ones work. */
  silence(): void
  /** Connections say nothing at all, open and new ones, until `mend`. */
  cut(): void
  mend(): void
  /** How many connections were ever made. */
  readonly made: number
  close(): Promise<void>
}

interface Pair {
  readonly near: Socket
  readonly far: Socket
  isSilent: boolean
}

/** Starts a relay to a port of this host. */
export async function startRelay(target: number): Promise<Relay> {
  const host = '127.0.0.1'
  const pairs = new Set<Pair>()
  let isCut = false
  let made = 0

  const pass = (pair: Pair, from: Socket, to: Socket): void => {
    from.on('data', (data) => {
      if (!pair.isSilent) to.write(data)
    })
    from.on('error', () => undefined)
    from.on('close', () => {
      // What is silent does not even say goodbye.
      if (!pair.isSilent) to.destroy()
      if (from === pair.near) pairs.delete(pair)
    })
  }
  const server = createServer((near) => {
    made += 1
    const pair: Pair = { near, far: connect(relay.target, host), isSilent: isCut }
    pairs.add(pair)
    pass(pair, near, pair.far)
    pass(pair, pair.far, near)
  })
  const end = (pair: Pair): void => {
    pair.near.destroy()
    pair.far.destroy()
    pairs.delete(pair)
  }
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  const address = server.address()
  const relay: Relay = {
    host,
    port: typeof address === 'object' && address !== null ? address.port : 0,
    target,
    get made() {
      return made
    },
    silence() {
      for (const pair of pairs) pair.isSilent = true
    },
    cut() {
      isCut = true
      relay.silence()
    },
    mend() {
      isCut = false
      for (const pair of pairs) if (pair.isSilent) end(pair)
    },
    async close() {
      for (const pair of pairs) end(pair)
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return relay
}
