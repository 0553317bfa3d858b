import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loopbackFetch } from '../../src/emulator/loopback-fetch.js'

const server = createServer((request, response) => {
  const { url = '' } = request
  if (url === '/never') return
  if (url === '/empty') {
    response.writeHead(204).end()
    return
  }
  if (url === '/huge') {
    response.end('x'.repeat(70_000))
    return
  }
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    response.writeHead(201, { 'set-cookie': ['a=1', 'b=2'] })
    const { host, 'content-type': type } = request.headers
    response.end(
      JSON.stringify({ host, type, method: request.method, url, body: `${Buffer.concat(chunks)}` }),
    )
  })
})
let port = 0
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
})
afterAll(() => {
  server.close()
  server.closeAllConnections()
})

describe('the fetch for servers on this machine', () => {
  it('reaches a name below localhost, under that name', async () => {
    const response = await loopbackFetch(`http://sp1.citizen.localhost:${port}/a?b=c`, {
      method: 'POST',
      body: new URLSearchParams({ d: 'e f' }),
    })
    expect([response.status, response.headers.getSetCookie()]).toEqual([201, ['a=1', 'b=2']])
    expect(await response.json()).toEqual({
      host: `sp1.citizen.localhost:${port}`,
      type: 'application/x-www-form-urlencoded;charset=UTF-8',
      method: 'POST',
      url: '/a?b=c',
      body: 'd=e+f',
    })
  })

  it('leaves other addresses to the global one', async () => {
    const response = await loopbackFetch(`http://127.0.0.1:${port}/`)
    expect(await response.json()).toMatchObject({ host: `127.0.0.1:${port}`, method: 'GET' })
  })

  it('answers an empty success', async () => {
    expect((await loopbackFetch(`http://sp1.localhost:${port}/empty`)).status).toBe(204)
  })

  it('rejects as fetch does: nobody there, aborted, too much', async () => {
    const free = createServer()
    await new Promise<void>((resolve) => free.listen(0, '127.0.0.1', resolve))
    const { port: closed } = free.address() as AddressInfo
    await new Promise((resolve) => free.close(resolve))
    await expect(loopbackFetch(`http://sp1.localhost:${closed}/`)).rejects.toThrow(TypeError)
    await expect(loopbackFetch(`http://sp1.localhost:${port}/huge`)).rejects.toThrow(TypeError)
    const signal = AbortSignal.timeout(20)
    await expect(loopbackFetch(`http://sp1.localhost:${port}/never`, { signal })).rejects.toMatchObject({
      name: 'TimeoutError',
    })
  })
})
