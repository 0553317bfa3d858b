/** @module A proxy that serves an application below a path and takes the path away, as an ingress with a rewrite does. */
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A running proxy on 127.0.0.1. */
export interface StrippingProxy {
  readonly port: number
  /** Paths and queries as they were passed on, without the prefix. */
  readonly passed: readonly string[]
  close(): Promise<void>
}

/** Starts one. What does not lie below `prefix` is answered by somebody else: 404. */
export async function startStrippingProxy(prefix: string, portBehind: () => number): Promise<StrippingProxy> {
  const passed: string[] = []
  const server = createServer((incoming, response) => {
    const { url: path = '/', method, headers } = incoming
    if (!path.startsWith(`${prefix}/`)) {
      response.writeHead(404).end('another application')
      return
    }
    passed.push(path.slice(prefix.length))
    const outgoing = request(
      {
        host: '127.0.0.1',
        port: portBehind(),
        method,
        path: path.slice(prefix.length),
        headers,
        agent: false,
      },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
        answer.pipe(response)
      },
    )
    outgoing.on('error', () => response.writeHead(502).end())
    incoming.pipe(outgoing)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    passed,
    close() {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}
