/** @module A request straight to a port of this machine, under whatever name. */
import { Agent, type IncomingHttpHeaders, request } from 'node:http'

const agent = new Agent({ keepAlive: true, maxSockets: 64 })

/** Sends a request, and reads the answer. */
export function send(asked: {
  readonly port: number
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly method?: string
  readonly body?: string
}): Promise<{ readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: string }> {
  const { port, path, headers, method = 'GET', body } = asked
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, path, headers, method, agent }, async (incoming) => {
      try {
        let text = ''
        for await (const chunk of incoming.setEncoding('utf8')) text += chunk
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: text })
      } catch (error) {
        reject(error)
      }
    })
    outgoing.on('error', reject).end(body)
  })
}
