/** @module The body of a request whose connection has gone before anybody asked for it. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NodeExchange } from '../../adapters/node.js'

describe('HLD-17 the body of a request that was closed', () => {
  let port = 0
  let take: (exchange: NodeExchange) => void = () => undefined
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    request.once('close', () => take(new NodeExchange(request, response)))
  })
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    port = (server.address() as AddressInfo).port
  })
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })

  it.each([
    ['before its body had come', 'a=1'],
    ['after its body had come', 'a=1&b=234567'],
  ])('%s is refused, and waited for by nobody', async (_when, body) => {
    const closed = new Promise<NodeExchange>((resolve) => {
      take = resolve
    })
    const socket = connect(port, '127.0.0.1')
    const lines = [
      'POST / HTTP/1.1',
      'host: localhost',
      'content-type: application/x-www-form-urlencoded',
      'content-length: 12',
    ]
    socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`, () => setImmediate(() => socket.resetAndDestroy()))
    socket.on('error', () => undefined)
    const exchange = await closed
    // What never settles loses against what settles a turn later.
    const later = new Promise((resolve) => setImmediate(resolve, 'never'))
    const outcome = exchange.form(1000).catch((error: { code?: unknown }) => error.code)
    expect(await Promise.race([outcome, later])).toBe('body-malformed')
  })
})
