/** @module Each cause of a Redis that cannot be used, with real servers: at the start, in events and in doctor. */
import type { EventEmitter } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { judgeStores } from '../../src/cli/doctor/store.js'
import { resolveOptions } from '../../src/config/resolve.js'
import { StoreUnavailableError } from '../../src/errors.js'
import { openRedisStore, redisStore } from '../../src/redis.js'
import type { Store } from '../../src/stores/store.js'
import { secret } from '../cli/deployment.js'
import { createCertificate } from '../support/certificate.js'
import { type RedisServer, startRedis } from '../support/redis.js'

const host = '127.0.0.1'
const password = 'open-sesame'
const day = 86_400_000
let folder: string
let locked: RedisServer
let plain: RedisServer
const certificates = {
  good: createCertificate(['localhost']),
  expired: createCertificate(['localhost'], Date.now() - 3 * day),
}
/** Servers with TLS beside the plain port, by what they are like. */
const encrypted: Record<string, RedisServer & { readonly tlsPort: number }> = {}

async function startTls(name: string, certificate: keyof typeof certificates, clients: 'yes' | 'no') {
  const [key, chain] = [join(folder, `${name}.key`), join(folder, `${name}.pem`)]
  await writeFile(key, certificates[certificate].key)
  await writeFile(chain, certificates[certificate].certificate)
  const server = await startRedis([
    'maxmemory-policy noeviction',
    `tls-cert-file ${chain}`,
    `tls-key-file ${key}`,
    `tls-ca-cert-file ${chain}`,
    `tls-auth-clients ${clients}`,
  ])
  // The support knows this port to be free: it is that of a Cluster's bus.
  const tlsPort = server.port + 10_000
  await server.command('CONFIG', 'SET', 'tls-port', String(tlsPort))
  encrypted[name] = { ...server, tlsPort }
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'citizen-tls-'))
  plain = await startRedis(['maxmemory-policy noeviction'])
  locked = await startRedis(['maxmemory-policy noeviction'])
  await locked.command('ACL', 'SETUSER', 'app', 'on', `>${password}`, '~citizen:*')
  await locked.command('CONFIG', 'SET', 'requirepass', password)
  await startTls('self-signed', 'good', 'no')
  await startTls('expired', 'expired', 'no')
  await startTls('mutual', 'good', 'yes')
}, 60_000)

afterAll(async () => {
  await Promise.all([locked, plain, ...Object.values(encrypted)].map((server) => server.close()))
  await rm(folder, { recursive: true })
})

const tlsOf = (name: string): number => encrypted[name]?.tlsPort ?? 0

/** What `ready()` of a store says, and then an operation of a request. */
async function troublesOf(store: Store): Promise<readonly unknown[]> {
  const ready: unknown = await store.ready().catch((error: unknown) => error)
  const claim: unknown = await Promise.resolve(store.claimOnce('key')).catch((error: unknown) => error)
  await store.close()
  return [ready, claim]
}

/** A store that ends the client of the application with it: at once, whatever still waits. */
function closing(store: Store, end: () => unknown): Store {
  return { ...store, close: async () => void end() }
}

function doctor(url: string) {
  return judgeStores(
    resolveOptions(
      {},
      {
        CITIZEN_IDENTITY_PROVIDER_URL: 'https://id.example.gov',
        CITIZEN_SHARED_COOKIE_DOMAIN: 'example.gov',
        CITIZEN_APPLICATION_ID: 'benefits',
        CITIZEN_APPLICATION_URL: 'https://benefits.example.gov',
        CITIZEN_APPLICATION_SECRETS: secret,
        CITIZEN_STORE_URL: url,
      },
    ),
  )
}

describe('by address', () => {
  it.each<[string, () => string, string, RegExp]>([
    [
      'a port where nothing listens',
      () => `redis://${host}:1`,
      'ECONNREFUSED',
      /start it, or correct host and port/,
    ],
    ['a name that is not found', () => 'redis://nowhere.invalid', 'ENOTFOUND|EAI_AGAIN', /correct the host/],
    ['no password', () => `redis://${host}:${locked.port}`, 'NOAUTH', /:password@host/],
    ['a wrong password', () => `redis://:wrong-word@${host}:${locked.port}`, 'WRONGPASS', /percent-encoded/],
    [
      'a user who is not there',
      () => `redis://eve:wrong-word@${host}:${locked.port}`,
      'WRONGPASS',
      /ACL LIST/,
    ],
    [
      'a user without rights',
      () => `redis://app:${password}@${host}:${locked.port}`,
      'NOPERM',
      /ACL SETUSER/,
    ],
    [
      'a database that is not there',
      () => `redis://${host}:${plain.port}/99`,
      'database',
      /databases in redis\.conf/,
    ],
    [
      'a certificate of its own',
      () => `rediss://localhost:${tlsOf('self-signed')}`,
      'DEPTH_ZERO_SELF_SIGNED_CERT',
      /NODE_EXTRA_CA_CERTS/,
    ],
    [
      'no TLS to a port with it',
      () => `redis://${host}:${tlsOf('self-signed')}`,
      'ECONNRESET',
      /write rediss:/,
    ],
    [
      'TLS to a port without it',
      () => `rediss://${host}:${plain.port}`,
      'ETIMEDOUT',
      /redis:\/\/ where it has none/,
    ],
  ])('FLD-08 FLD-09 %s is told at the start, in events and by doctor', async (_, url, code, remedy) => {
    const pattern = new RegExp(`\\((?:${code})\\)`)
    for (const error of await troublesOf(openRedisStore(url()))) {
      expect(error).toBeInstanceOf(StoreUnavailableError)
      expect(error).toMatchObject({ code: 'store-unavailable', message: expect.stringMatching(pattern) })
      expect(error).toMatchObject({ message: expect.stringMatching(remedy) })
      expect(String(error)).not.toMatch(/open-sesame|wrong-word/)
    }
    const [finding] = await doctor(url())
    expect(finding).toMatchObject({ state: 'fail', reason: expect.stringMatching(pattern) })
    expect(finding?.remedy).toMatch(remedy)
    expect(JSON.stringify(finding)).not.toMatch(/open-sesame|wrong-word/)
  })
})

describe.each(['ioredis', 'node-redis'] as const)('through a client of %s', (name) => {
  /** The client of an application, which tries again as often as it likes. */
  function storeThrough(
    port: number,
    tls: { readonly ca?: string; readonly servername?: string } | undefined,
  ): Store {
    const options = { deadlineMilliseconds: 1000 }
    if (name === 'ioredis') {
      const client = new Redis({ host, port, ...(tls === undefined ? {} : { tls }) })
      return closing(redisStore(client, options), () => client.disconnect())
    }
    const socket = { host, port, reconnectStrategy: 50 }
    const client = createClient({ socket: tls === undefined ? socket : { ...socket, tls: true, ...tls } })
    const store = redisStore(client, options)
    client.connect().catch(() => undefined)
    return closing(store, () => client.destroy())
  }

  const { certificate: ca } = certificates.good
  it.each<[string, () => Store, string]>([
    ['a port where nothing listens', () => storeThrough(1, undefined), 'ECONNREFUSED'],
    ['no password', () => storeThrough(locked.port, undefined), 'NOAUTH'],
    ['a certificate of its own', () => storeThrough(tlsOf('self-signed'), {}), 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    [
      'a certificate for another name',
      () => storeThrough(tlsOf('self-signed'), { ca, servername: 'other.example.gov' }),
      'ERR_TLS_CERT_ALTNAME_INVALID',
    ],
    [
      'a certificate that has expired',
      () => storeThrough(tlsOf('expired'), { ca: certificates.expired.certificate, servername: 'localhost' }),
      'CERT_HAS_EXPIRED',
    ],
    [
      'a server that wants a certificate',
      () => storeThrough(tlsOf('mutual'), { ca, servername: 'localhost' }),
      'ECONNRESET|ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
    ],
  ])('FLD-08 %s', async (_, open, code) => {
    const [ready] = await troublesOf(open())
    expect(ready).toMatchObject({ problem: { code: expect.stringMatching(new RegExp(`^(?:${code})$`)) } })
  })

  it('FLD-08 TLS with a certificate that is trusted is served', async () => {
    const store = storeThrough(tlsOf('self-signed'), { ca, servername: 'localhost' })
    await store.ready()
    await store.close()
  })
})

describe('a client of ioredis whose connection has had an error', () => {
  // A server says by an alert that its certificate was refused: an error more, which no listener of ioredis hears.
  const streamOf = (client: object) => Reflect.get(client, 'stream') as EventEmitter | undefined
  const settings = { host, tls: {}, maxRetriesPerRequest: 0, retryStrategy: () => null }

  it('FLD-08 ends the process by no other one of it', async () => {
    const client = new Redis({ ...settings, port: tlsOf('self-signed') })
    const store = closing(redisStore(client, { deadlineMilliseconds: 1000 }), () => client.disconnect())
    await troublesOf(store)
    expect(streamOf(client)?.emit('error', new Error('tlsv1 alert decode error'))).toBe(true)
  })
})
