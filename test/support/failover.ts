/** @module A Sentinel and masters that say what a test wants, in the protocol of Redis. */
import { createServer, type Server, type Socket } from 'node:net'

const host = '127.0.0.1'
const bulk = (text: string): string => `$${Buffer.byteLength(text)}\r\n${text}\r\n`
const list = (texts: readonly string[]): string => `*${texts.length}\r\n${texts.map(bulk).join('')}`

/** Takes whole commands off the front of what has come. */
function take(text: string): { readonly commands: string[][]; readonly rest: string } {
  const commands: string[][] = []
  for (let from = 0; ; ) {
    const head = /^\*(\d+)\r\n/.exec(text.slice(from))
    let at = from + (head?.[0].length ?? 0)
    const words: string[] = []
    for (let left = Number(head?.[1] ?? 0); left > 0; left -= 1) {
      const length = /^\$(\d+)\r\n/.exec(text.slice(at))
      const start = at + (length?.[0].length ?? 0)
      const end = start + Number(length?.[1] ?? 0)
      if (length === null || text.length < end + 2) return { commands, rest: text.slice(from) }
      words.push(text.slice(start, end))
      at = end + 2
    }
    if (words.length === 0) return { commands, rest: text.slice(from) }
    commands.push(words)
    from = at
  }
}

type Answer = (words: readonly string[], socket: Socket) => string | Promise<string>

/** A server that is asked one command after the other. */
export interface SpokenServer {
  readonly host: string
  readonly port: number
  readonly sockets: ReadonlySet<Socket>
  close(): Promise<void>
}

async function speak(answer: Answer): Promise<SpokenServer> {
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    let rest = ''
    let last: Promise<void> = Promise.resolve()
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined)
    socket.setEncoding('latin1').on('data', (data) => {
      const taken = take(rest + String(data))
      rest = taken.rest
      for (const words of taken.commands) {
        last = last.then(async () => {
          const reply = await answer(words, socket)
          if (socket.writable) socket.write(reply)
        })
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  const address = server.address()
  return {
    host,
    port: typeof address === 'object' && address !== null ? address.port : 0,
    sockets,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const common: Answer = ([name = '']) =>
  name.toLowerCase() === 'hello' ? "-ERR unknown command 'HELLO'\r\n" : '+OK\r\n'

/** A master; `GET` of anything answers its name. */
export const startMaster = (name: string): Promise<SpokenServer> =>
  speak((words, socket) => {
    const [command = ''] = words
    if (command.toLowerCase() === 'info') return bulk('role:master\r\nloading:0\r\n')
    return command.toLowerCase() === 'get' ? bulk(name) : common(words, socket)
  })

/** A Sentinel that is asked for the master, and to which clients listen. */
export interface SpokenSentinel extends SpokenServer {
  /** Answers who the master is. */
  lookUp: () => SpokenServer | Promise<SpokenServer>
  /** Called when somebody begins to listen. */
  listened: () => void
  /** Those that listen now. */
  readonly listening: ReadonlySet<Socket>
  /** Tells all that listen that another master was chosen. */
  tell(): void
}

/** Starts a Sentinel for `master`. */
export async function startSpokenSentinel(master: SpokenServer): Promise<SpokenSentinel> {
  const listening = new Set<Socket>()
  const server = await speak(async (words, socket) => {
    const command = (words[0] ?? '').toLowerCase()
    if (command === 'sentinel') {
      if (words[1]?.toLowerCase() !== 'get-master-addr-by-name') return list([])
      const { host, port } = await sentinel.lookUp()
      return list([host, String(port)])
    }
    if (command !== 'subscribe') return common(words, socket)
    sentinel.listened()
    listening.add(socket)
    socket.on('close', () => listening.delete(socket))
    return `*3\r\n${bulk('subscribe')}${bulk(words[1] ?? '')}:1\r\n`
  })
  const sentinel: SpokenSentinel = {
    ...server,
    lookUp: () => master,
    listened: () => undefined,
    listening,
    tell() {
      for (const socket of listening) socket.write(list(['message', '+switch-master', 'citizens']))
    },
  }
  return sentinel
}
