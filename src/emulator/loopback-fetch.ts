/** @module A `fetch` for servers on this machine: it knows that `*.localhost` is here, which Node's does not. */
import { request } from 'node:http'

const longestBody = 65_536

/**
 * The global `fetch`, except for http addresses below `localhost`: these go to 127.0.0.1 under their own name, with
 * at most 64 KiB of answer. Source: RFC 6761, section 6.3.
 */
export const loopbackFetch: typeof globalThis.fetch = async (input, init) => {
  const wanted = new Request(input, init)
  const url = new URL(wanted.url)
  if (url.protocol !== 'http:' || !url.hostname.endsWith('.localhost')) return fetch(wanted)
  const body = Buffer.from(await wanted.arrayBuffer())
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: '127.0.0.1',
        port: url.port || 80,
        path: `${url.pathname}${url.search}`,
        method: wanted.method,
        headers: {
          ...Object.fromEntries(wanted.headers),
          host: url.host,
          ...(body.length > 0 && { 'content-length': body.length }),
        },
        signal: wanted.signal,
      },
      (incoming) => {
        const chunks: Buffer[] = []
        let size = 0
        incoming.on('data', (chunk: Buffer) => {
          size += chunk.length
          if (size > longestBody) incoming.destroy(new TypeError('fetch failed'))
          else chunks.push(chunk)
        })
        incoming.on('error', reject)
        incoming.on('end', () => {
          const headers = new Headers()
          for (const [name, value] of Object.entries(incoming.headersDistinct))
            for (const one of value ?? []) headers.append(name, one)
          const status = incoming.statusCode ?? 502
          const isEmpty = [204, 205, 304].includes(status)
          resolve(new Response(isEmpty ? null : Buffer.concat(chunks), { status, headers }))
        })
      },
    )
    outgoing.on('error', (cause) =>
      reject(wanted.signal.aborted ? wanted.signal.reason : new TypeError('fetch failed', { cause })),
    )
    outgoing.end(body)
  })
}
