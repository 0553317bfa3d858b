/** @module What a handler may give to `writeHead`, on a response that carries a cookie of ours. */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NodeExchange } from '../../adapters/node.js'

type WriteHead = (...given: unknown[]) => ServerResponse

const calls: readonly (readonly [string, readonly unknown[], string])[] = [
  ['a status', [200], 'OK'],
  ['null', [200, null], 'OK'],
  ['undefined', [200, undefined], 'OK'],
  ['a reason', [200, 'Fine'], 'Fine'],
  ['a reason and null', [200, 'Fine', null], 'Fine'],
  ['null and headers', [200, null, { 'x-own': '1' }], 'OK'],
  ['headers', [200, { 'x-own': '1' }], 'OK'],
  ['no headers', [200, {}], 'OK'],
  ['an empty list', [200, []], 'OK'],
  ['a flat list', [200, ['x-own', '1']], 'OK'],
  ['pairs', [200, [['x-own', '1']]], 'OK'],
  ['a header without a value', [200, { 'x-own': undefined }], 'OK'],
]

describe('HLD-21 writeHead with', () => {
  let url: string
  let given: readonly unknown[] = []
  const server = createServer((request, response) => {
    const exchange = new NodeExchange(request, response)
    exchange.setCookie({ name: 'ours', value: '1', httpOnly: true, secure: true, sameSite: 'lax' })
    try {
      ;(response.writeHead.bind(response) as WriteHead)(...given)
      response.end('ok')
    } catch (error) {
      response.destroy(error as Error)
    }
  })
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })

  it.each(calls)('%s is answered, with our cookie', async (_name, call, reason) => {
    given = call
    const response = await fetch(url)
    expect([response.status, response.statusText, await response.text()]).toEqual([200, reason, 'ok'])
    expect(response.headers.getSetCookie()).toHaveLength(1)
    expect(response.headers.get('cache-control')).toBe('private, no-store')
    expect(response.headers.get('x-own')).toBe(JSON.stringify(call).includes('"1"') ? '1' : null)
  })
})
