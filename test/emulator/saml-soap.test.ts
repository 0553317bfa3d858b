import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createEmulator, type Emulator } from '../../src/emulator/index.js'
import { addressesOf, providerKeys, soapLogoutRequest, soapProvider } from './saml-world.js'

const { entityId, acsUrl, soap } = addressesOf('permits')
const benefits = addressesOf('benefits')
const provider = soapProvider('permits', { now: Date.now })
const server = createServer((request, response) => {
  const answer = async () => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const answered = await provider.fetch(soap, { method: 'POST', body: Buffer.concat(chunks) })
    response.writeHead(answered.status, { 'content-type': 'text/xml' }).end(await answered.text())
  }
  answer().catch((error: unknown) => response.writeHead(500).end(String(error)))
})
let emulator: Emulator

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  emulator = await createEmulator({
    port: 0,
    saml: {
      serviceProviders: [
        {
          entityId,
          acsUrl,
          logout: { soap: `http://permits.citizen.localhost:${port}/soap` },
          certificate: providerKeys.permits.certificate,
        },
        {
          entityId: benefits.entityId,
          acsUrl: benefits.acsUrl,
          logout: { soap: benefits.soap },
          certificate: providerKeys.benefits.certificate,
        },
      ],
    },
  })
})
afterAll(async () => {
  await emulator.close()
  server.close()
  server.closeAllConnections()
})

it('takes a logout by SOAP on a real port, and passes it on to one below localhost', async () => {
  await emulator.saml.response({ serviceProvider: entityId, username: 'ana' })
  const [{ jti = '' } = {}] = emulator.sessions
  await emulator.saml.response({ serviceProvider: benefits.entityId, username: 'ana', session: jti })
  const [told, asking] = emulator.saml.participants
  const { id, body } = soapLogoutRequest('benefits', {
    nameId: asking?.nameId.value ?? '',
    sessionIndexes: [asking?.sessionIndex ?? ''],
    now: Date.now(),
  })
  const response = await fetch(`${emulator.internalUrl}/saml/soap`, { method: 'POST', body })
  const text = await response.text()
  expect([response.status, text]).toEqual([200, expect.stringContaining(`InResponseTo="${id}"`)])
  expect(text).not.toContain('PartialLogout')
  expect(provider.received.join()).toContain(told?.sessionIndex)
  expect(emulator.sessions).toEqual([])
})

it('says PartialLogout when the other one cannot be reached', async () => {
  await emulator.saml.response({ serviceProvider: entityId, username: 'ana' })
  const [{ jti = '' } = {}] = emulator.sessions
  await emulator.saml.response({ serviceProvider: benefits.entityId, username: 'ana', session: jti })
  const asking = emulator.saml.participants.at(-1)
  await new Promise((resolve) => server.close(resolve))
  const { body } = soapLogoutRequest('benefits', {
    nameId: asking?.nameId.value ?? '',
    sessionIndexes: [],
    now: Date.now(),
  })
  const response = await fetch(`${emulator.internalUrl}/saml/soap`, { method: 'POST', body })
  expect(await response.text()).toContain('PartialLogout')
  expect(emulator.saml.deliveries.at(-1)).toMatchObject({ state: 'unreachable', problem: 'unreachable' })
  expect(emulator.sessions).toEqual([])
})
