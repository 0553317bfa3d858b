/** @module Sites on loopback ports as the browser of the tests reaches them: over real HTTP, or real TLS. */
import { Agent, type IncomingMessage, request as overHttp } from 'node:http'
import { request as overTls } from 'node:https'
import type { Site } from './browser.js'

/** Where a site listens. */
export interface Wire {
  readonly port: number
  /** PEM of the one certificate that this client accepts; without it the site speaks plain http. */
  readonly certificate?: string | undefined
}

const agent = new Agent({ keepAlive: false, maxSockets: 400 })

/** The header block of an answer as it came: status line, fields, blank line; octets. */
export function headerBytes(response: Response): number {
  return Number(response.headers.get(sizeHeader))
}
const sizeHeader = 'x-test-header-bytes'

/** A site that listens on 127.0.0.1, whatever its name: names below `localhost` are unknown to Node. */
export function siteOn({ port, certificate }: Wire): Site {
  return (asked) =>
    new Promise((resolve, reject) => {
      const url = new URL(asked.url)
      const options = {
        host: '127.0.0.1',
        port,
        path: url.pathname + url.search,
        method: asked.method,
        headers: { host: url.host, ...Object.fromEntries(asked.headers) },
      }
      const take = (incoming: IncomingMessage): void => void collect(incoming).then(resolve, reject)
      const outgoing =
        certificate === undefined
          ? overHttp({ ...options, agent }, take)
          : overTls({ ...options, servername: url.hostname, ca: certificate, agent: false }, take)
      outgoing.on('error', reject)
      void asked.arrayBuffer().then((body) => {
        if (body.byteLength > 0) outgoing.setHeader('content-length', body.byteLength)
        outgoing.end(Buffer.from(body))
      }, reject)
    })
}

async function collect(incoming: IncomingMessage): Promise<Response> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk)
  const headers = new Headers()
  const { rawHeaders } = incoming
  let bytes = `HTTP/1.1 ${incoming.statusCode} ${incoming.statusMessage}\r\n\r\n`.length
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const [name = '', value = ''] = rawHeaders.slice(at)
    headers.append(name, value)
    bytes += `${name}: ${value}\r\n`.length
  }
  headers.set(sizeHeader, String(bytes))
  const status = incoming.statusCode ?? 0
  const isBare = status === 204 || status === 304
  return new Response(isBare ? null : Buffer.concat(chunks), { status, headers })
}
