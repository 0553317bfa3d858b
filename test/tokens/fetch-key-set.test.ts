import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { fetchKeySet } from '../../src/tokens/fetch-key-set.js'
import { createSigningKey } from './signing.js'

const body = JSON.stringify({ keys: [createSigningKey('k1', 'EdDSA').jwk] })
const closers: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

/** A real server on loopback, asked by the real `fetch`. */
async function ask(listener: RequestListener, timeoutSeconds = 5) {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(() => resolve()))
  })
  const { port } = server.address() as AddressInfo
  return fetchKeySet({ url: `http://127.0.0.1:${port}/keys`, fetch, timeoutSeconds })
}

describe('a key set over the network', () => {
  it('is read with its age', async () => {
    const set = await ask((_, response) => response.setHeader('cache-control', 'max-age=300').end(body))
    expect(set).toEqual({ keys: [expect.objectContaining({ kid: 'k1' })], maxAgeSeconds: 300 })
  })

  it('JWT-17 is never looked for elsewhere', async () => {
    const asked: (string | undefined)[] = []
    const answer = ask((request, response) => {
      asked.push(request.url)
      if (request.url === '/keys') response.writeHead(302, { location: '/other' }).end()
      else response.end(body)
    })
    await expect(answer).rejects.toMatchObject({ problem: 'status' })
    expect(asked).toEqual(['/keys'])
  })

  it('JWT-17 may not take longer than the deadline, before the answer or in the middle of it', async () => {
    await expect(ask(() => undefined, 0.05)).rejects.toMatchObject({ problem: 'timeout' })
    await expect(ask((_, response) => response.write('{"keys":['), 0.05)).rejects.toMatchObject({
      problem: 'timeout',
    })
  })

  it('JWT-17 may not go on for ever', async () => {
    const endless = ask((_, response) => {
      const send = () => {
        while (!response.destroyed && response.write(' '.repeat(65_536)));
      }
      response.on('drain', send)
      send()
    })
    await expect(endless).rejects.toMatchObject({ problem: 'too-large' })
  })

  it('that breaks off is a failure of the network', async () => {
    const broken = ask((_, response) => {
      response.writeHead(200, { 'content-length': '1000' })
      response.write('{"keys":[')
      response.socket?.destroy()
    })
    await expect(broken).rejects.toMatchObject({ problem: expect.stringMatching(/^(network|timeout)$/) })
  })
})
