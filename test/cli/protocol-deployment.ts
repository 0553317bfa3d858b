/** @module An application that signs in by a protocol, and its emulated provider behind a server that changes answers. */
import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { citizenSession } from '../../adapters/express.js'
import { createEmulator, type Emulator, type EmulatorOptions } from '../../src/emulator/index.js'
import { loopbackFetch } from '../../src/emulator/loopback-fetch.js'
import { memoryStore, type SuiteOptions } from '../../src/index.js'
import { secret } from './deployment.js'

/** What becomes of an answer; `undefined`: it stays as it is. */
export type Change = (path: string, body: string) => { status?: number; body?: string } | undefined

export interface ProtocolDeployment {
  readonly emulator: Emulator
  readonly url: string
  /** The variables of the application: none of the shared cookie. */
  readonly environment: Readonly<Record<string, string>>
  /** Changes answers of the provider from now on. */
  changeProvider(change: Change | undefined): void
  /** Changes answers of the application from now on. */
  changeApplication(change: Change | undefined): void
  close(): Promise<void>
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  return (server.address() as AddressInfo).port
}

/** A server that hands everything on to a port and changes what comes back. */
function createMirror(target: () => string, change: () => Change | undefined): Server {
  return createServer((incoming, outgoing) => {
    const path = (incoming.url ?? '').split('?')[0] ?? ''
    const { method, headers } = incoming
    const onward = request(
      new URL(incoming.url ?? '/', target()),
      { method, headers, agent: false },
      async (answer) => {
        const chunks: Buffer[] = []
        for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk)
        const body = Buffer.concat(chunks).toString('utf8')
        const changed = change()?.(path, body)
        const kept = Object.entries(answer.headers).filter(
          ([name]) => name !== 'content-length' && name !== 'transfer-encoding',
        )
        outgoing.writeHead(changed?.status ?? answer.statusCode ?? 502, Object.fromEntries(kept))
        outgoing.end(changed?.body ?? body)
      },
    )
    onward.on('error', () => outgoing.destroy())
    incoming.pipe(onward)
  })
}

/** Starts both on free ports of 127.0.0.1, in plain http. */
export async function startProtocolDeployment(
  emulatorFor: (url: string) => EmulatorOptions,
  protocolsFor: (emulator: Emulator) => SuiteOptions['protocols'],
): Promise<ProtocolDeployment> {
  let changeProvider: Change | undefined
  let changeApplication: Change | undefined
  const inner: { emulator?: Emulator; port?: number } = {}
  const provider = createMirror(
    () => inner.emulator?.internalUrl ?? '',
    () => changeProvider,
  )
  const front = createMirror(
    () => `http://127.0.0.1:${inner.port}`,
    () => changeApplication,
  )
  const url = `http://benefits.citizen.localhost:${await listen(front)}`
  const emulator = await createEmulator({
    url: `http://id.citizen.localhost:${await listen(provider)}`,
    port: 0,
    ...emulatorFor(url),
  })
  inner.emulator = emulator
  const auth = citizenSession({
    application: { id: 'benefits', url, secrets: [secret] },
    protocols: protocolsFor(emulator),
    store: memoryStore(),
    fetch: loopbackFetch,
    onEvent: () => undefined,
  })
  const application = createServer(express().use(auth))
  inner.port = await listen(application)
  return {
    emulator,
    url,
    environment: {
      CITIZEN_APPLICATION_ID: 'benefits',
      CITIZEN_APPLICATION_URL: url,
      CITIZEN_APPLICATION_SECRETS: secret,
    },
    changeProvider(change) {
      changeProvider = change
    },
    changeApplication(change) {
      changeApplication = change
    },
    async close() {
      for (const server of [front, application, provider]) {
        server.closeAllConnections()
        await new Promise((resolve) => server.close(resolve))
      }
      await auth.suite.close()
      await emulator.close()
    },
  }
}
