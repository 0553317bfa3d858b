/** @module A proxy between a reader and a Redis, which knows the connections that listen and can do things to them alone. */
import { connect, createServer, type Socket } from 'node:net'

/**
 * What becomes of the connections that listen: nothing; what the server says is swallowed; neither side is heard; they
 * are cut, new ones too; or only heartbeats come through, which no network does: what the checker must find.
 */
export type ListenerMode = 'pass' | 'swallow' | 'silence' | 'cut' | 'lie'

/** A proxy on a free loopback port. */
export interface NearProxy {
  readonly host: string
  readonly port: number
  mode: ListenerMode
  /** All that goes through takes that long to come through, in its order, on every connection. Milliseconds. */
  lag: number
  /** Milliseconds for what listeners are told. */
  listenerLag: number
  /** Nothing comes through, and nobody says goodbye. */
  isCut: boolean
  /** Where new connections lead; those that are open stay. */
  target: number
  /** Ends the connections that are open, but for those that listen where that is said. */
  drop(which: 'all' | 'commands'): void
  close(): Promise<void>
}

interface Pair {
  readonly near: Socket
  readonly far: Socket
  isListener: boolean
  /** Something was lost of it: it cannot go on. */
  isBroken: boolean
}

/** The pushed messages of a chunk that are heartbeats, and all that is no message. */
function onlyBeats(data: Buffer): Buffer {
  const text = data.toString('latin1')
  const frames = text.split(/(?=[*>]3\r\n\$7\r\nmessage\r\n)/)
  return Buffer.from(
    frames.filter((frame) => !frame.includes('message\r\n') || frame.includes('\r\n!')).join(''),
    'latin1',
  )
}

/** Starts a proxy to a port of this host. */
export async function startNearProxy(first: number): Promise<NearProxy> {
  const host = '127.0.0.1'
  const pairs = new Set<Pair>()

  const end = (pair: Pair): void => {
    pair.near.destroy()
    pair.far.destroy()
    pairs.delete(pair)
  }
  /** Writes with the lag that there is now, and never before what came earlier. */
  const lagging = (to: Socket) => {
    let freeAt = 0
    return (data: Buffer, milliseconds: number): void => {
      const now = performance.now()
      const at = Math.max(now + milliseconds, freeAt)
      freeAt = at
      if (at <= now) to.write(data)
      else setTimeout(() => to.destroyed || to.write(data), at - now)
    }
  }
  const fromServer = (pair: Pair, write: ReturnType<typeof lagging>, data: Buffer): void => {
    const { mode, lag, listenerLag, isCut } = proxy
    if (isCut) pair.isBroken = true
    else if (!pair.isListener) write(data, lag)
    else if (mode !== 'swallow' && mode !== 'silence')
      write(mode === 'lie' ? onlyBeats(data) : data, Math.max(lag, listenerLag))
  }
  const fromClient = (pair: Pair, write: ReturnType<typeof lagging>, data: Buffer): void => {
    if (/\r\nsubscribe\r\n/i.test(data.toString('latin1'))) pair.isListener = true
    if (proxy.isCut) pair.isBroken = true
    else if (pair.isListener && proxy.mode === 'cut') end(pair)
    else if (!pair.isListener || proxy.mode !== 'silence') write(data, proxy.lag)
  }
  const server = createServer((near) => {
    const pair: Pair = { near, far: connect(proxy.target, host), isListener: false, isBroken: false }
    pairs.add(pair)
    const [toNear, toFar] = [lagging(near), lagging(pair.far)]
    near.on('data', (data: Buffer) => fromClient(pair, toFar, data))
    pair.far.on('data', (data: Buffer) => fromServer(pair, toNear, data))
    for (const socket of [near, pair.far]) socket.on('error', () => undefined).on('close', () => end(pair))
  })
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  const address = server.address()
  let mode: ListenerMode = 'pass'
  let isCut = false
  const proxy: NearProxy = {
    host,
    port: typeof address === 'object' && address !== null ? address.port : 0,
    get mode() {
      return mode
    },
    set mode(next) {
      mode = next
      if (mode === 'cut') for (const pair of pairs) if (pair.isListener) end(pair)
    },
    get isCut() {
      return isCut
    },
    set isCut(next) {
      isCut = next
      if (!isCut) for (const pair of pairs) if (pair.isBroken) end(pair)
    },
    target: first,
    drop(which) {
      for (const pair of pairs) if (which === 'all' || !pair.isListener) end(pair)
    },
    lag: 0,
    listenerLag: 0,
    async close() {
      for (const pair of pairs) end(pair)
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return proxy
}
