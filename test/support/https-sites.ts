/** @module Sites of several names over https, behind one port of this machine. */
import type { RequestListener } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createCertificate } from './certificate.js'

/** A running port. Browsers must be told to take its certificate. */
export interface HttpsSites {
  /** The origin of a name below `localhost`. */
  originOf(name: string): string
  /** Lets a name answer. */
  serve(name: string, listener: RequestListener): void
  close(): Promise<void>
}

/** Opens a free port. A name that nothing serves is answered with 404. */
export async function openHttpsSites(): Promise<HttpsSites> {
  const sites = new Map<string, RequestListener>()
  const { key, certificate } = createCertificate(['localhost'])
  const server = createServer({ key, cert: certificate }, (request, response) => {
    const name = request.headers.host?.split('.localhost', 1)[0] ?? ''
    const listener = sites.get(name)
    if (listener === undefined) response.writeHead(404).end()
    else listener(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    originOf: (name) => `https://${name}.localhost:${port}`,
    serve: (name, listener) => void sites.set(name, listener),
    close() {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}
