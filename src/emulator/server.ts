/** @module The emulator on a port: a thin wrapper around its pure core. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CitizenSessionError } from '../errors.js'
import { isDown } from './faults.js'

/** A running server. */
export interface RunningServer {
  readonly port: number
  /** Stops at once: open connections are cut. */
  close(): Promise<void>
}

const bodyLimit = 65_536

/** Opens a port. @throws `emulator` when it is taken. */
export async function openServer(
  handle: (request: Request) => Promise<Response>,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<RunningServer> {
  const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000, maxHeaderSize: 32_768 })
  server.on('request', (incoming: IncomingMessage, outgoing: ServerResponse) => {
    serve(handle, incoming, outgoing).catch((error: unknown) => {
      // Nothing answered is how a provider that is down looks from outside.
      if (isDown(error) || outgoing.headersSent) incoming.socket.destroy()
      else outgoing.writeHead(500, { 'content-type': 'text/plain' }).end(String(error))
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new CitizenSessionError('emulator', `cannot listen on ${host}:${port}: ${cause.message}`, { cause }),
      ),
    )
    server.listen(port, host, resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

async function serve(
  handle: (request: Request) => Promise<Response>,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
) {
  const { method = 'GET', url = '/' } = incoming
  if (!url.startsWith('/') || !['GET', 'HEAD', 'POST', 'PUT', 'DELETE'].includes(method)) {
    outgoing.writeHead(url.startsWith('/') ? 405 : 400, { connection: 'close' }).end()
    return
  }
  const body = method === 'POST' || method === 'PUT' ? await read(incoming) : undefined
  if (body === 'too-large') {
    const headers = { connection: 'close', 'content-type': 'text/plain' }
    outgoing.writeHead(413, headers).end('A body here has at most 64 KiB.\n')
    return
  }
  const headers = new Headers()
  for (let at = 0; at + 1 < incoming.rawHeaders.length; at += 2) {
    headers.append(incoming.rawHeaders[at] ?? '', incoming.rawHeaders[at + 1] ?? '')
  }
  // The origin is a placeholder: nothing is ever built from it, or from Host.
  const request = new Request(`http://emulator.invalid${url}`, { method, headers, ...(body && { body }) })
  const response = await handle(request)
  for (const [name, value] of response.headers) if (name !== 'set-cookie') outgoing.setHeader(name, value)
  const cookies = response.headers.getSetCookie()
  if (cookies.length > 0) outgoing.setHeader('set-cookie', cookies)
  outgoing.writeHead(response.status)
  outgoing.end(method === 'HEAD' ? undefined : new Uint8Array(await response.arrayBuffer()))
}

async function read(incoming: IncomingMessage) {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of incoming) {
    size += chunk.length
    if (size > bodyLimit) return 'too-large'
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
