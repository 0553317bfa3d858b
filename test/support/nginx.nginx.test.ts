/** @module nginx as the tests use it. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startNginx, type TestNginx } from './nginx.js'

const upstream = createServer((incoming, outgoing) => {
  outgoing.setHeader('set-cookie', ['a=1', 'b=2'])
  outgoing.end(
    JSON.stringify({
      host: incoming.headers.host,
      protocol: incoming.headers['x-forwarded-proto'],
      from: incoming.headers['x-forwarded-for'],
    }),
  )
})
let nginx: TestNginx

beforeAll(async () => {
  upstream.listen(0, '127.0.0.1')
  await once(upstream, 'listening')
  const { port } = upstream.address() as AddressInfo
  nginx = await startNginx([{ name: 'benefits.citizen.localhost', port }])
})
afterAll(async () => {
  await nginx.stop()
  upstream.close()
})

async function get(name: string) {
  const outgoing = request({
    host: '127.0.0.1',
    port: nginx.port,
    servername: name,
    ca: nginx.certificate,
    headers: { host: `${name}:${nginx.port}` },
    agent: false,
  })
  outgoing.end()
  const [response] = await once(outgoing, 'response')
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  return { response, body: Buffer.concat(chunks).toString() }
}

it('passes a site on over verified TLS, with what a server behind a proxy needs', async () => {
  const { response, body } = await get('benefits.citizen.localhost')
  expect(response.statusCode).toBe(200)
  expect(response.headers['set-cookie']).toEqual(['a=1', 'b=2'])
  expect(JSON.parse(body)).toEqual({
    host: `benefits.citizen.localhost:${nginx.port}`,
    protocol: 'https',
    from: '127.0.0.1',
  })
})

it('answers 421 for a name that is no site', async () => {
  const { response } = await get('other.citizen.localhost')
  expect(response.statusCode).toBe(421)
})

it('says why where it cannot start', async () => {
  await expect(startNginx([{ name: 'bad;name', port: 1 }])).rejects.toThrow(
    /nginx ended with 1: .*unexpected|directive/s,
  )
})
