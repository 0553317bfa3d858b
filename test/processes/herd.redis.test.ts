/** @module Four processes of one application on one Redis: the refresh herd, outages of the provider, a logout. */
import { decodeJwt } from 'jose'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createEmulator, type Emulator } from '../../src/emulator/index.js'
import { type RedisServer, startRedis, until } from '../support/redis.js'
import { shown } from '../support/world.js'
import { type ApplicationProcess, startProcesses } from './processes.js'

const url = 'http://benefits.citizen.localhost:8080'
const partNames = ['c1_header', 'c1_payload', 'c1_signature']
const tokenSeconds = 1800
const age = 1000

let redis: RedisServer
let emulator: Emulator
let processes: readonly ApplicationProcess[] = []

beforeAll(async () => {
  redis = await startRedis()
  emulator = await createEmulator({ port: 0, tokenSeconds, idleSeconds: 43_200, sessionSeconds: 86_400 })
})
afterAll(async () => {
  await emulator.close()
  await redis.close()
})
beforeEach(async () => {
  emulator.reset()
  await redis.command('FLUSHALL')
})

/** Starts the four processes; how long the refresh may take is each test's to say. */
async function start(timeoutSeconds: number): Promise<void> {
  processes = await startProcesses(4, {
    CITIZEN_IDENTITY_PROVIDER_URL: emulator.url,
    CITIZEN_IDENTITY_PROVIDER_INTERNAL_URL: emulator.internalUrl,
    CITIZEN_IDENTITY_PROVIDER_REFRESH_WAIT_MILLISECONDS: '10000',
    CITIZEN_IDENTITY_PROVIDER_REFRESH_TIMEOUT_SECONDS: String(timeoutSeconds),
    CITIZEN_SHARED_COOKIE_DOMAIN: 'citizen.localhost',
    CITIZEN_APPLICATION_ID: 'benefits',
    CITIZEN_APPLICATION_URL: url,
    CITIZEN_APPLICATION_SENSITIVITY: 'basic',
    CITIZEN_APPLICATION_SECRETS: 'a secret of thirty-two bytes or more',
    CITIZEN_STORE_URL: redis.url,
  })
}
afterEach(async () => {
  const ending = processes
  processes = []
  for (const each of ending) {
    const { isRunning, complaints } = { isRunning: each.isRunning(), complaints: each.complaints() }
    await each.stop()
    expect.soft(isRunning, complaints).toBe(true)
    expect.soft(complaints).not.toMatch(/unhandled|rejection/i)
  }
})

const processAt = (index: number): ApplicationProcess => {
  const found = processes[index % processes.length]
  if (found === undefined) throw new Error('no process is running')
  return found
}

/** A navigation with these cookies to one of the processes. */
function visit(index: number, cookie: string, path = '/private', init: RequestInit = {}): Promise<Response> {
  const headers = {
    cookie,
    'sec-fetch-mode': 'navigate',
    'sec-fetch-dest': 'document',
    'sec-fetch-site': 'none',
    ...init.headers,
  }
  return processAt(index).send(new Request(`${url}${path}`, { ...init, headers }))
}

/** So many at once, spread over the processes. */
function herd(count: number, cookie: string, path?: string): Promise<readonly Response[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => visit(index, cookie, path)))
}

/** Cookies of a living session whose token is past half of its life. */
async function cookiesDue(username = 'ana'): Promise<string> {
  const claims = decodeJwt(await emulator.tokenFor(username))
  const issued = Math.floor(Date.now() / 1000) - age
  return emulator.cookieHeader(
    await emulator.signToken({ ...claims, iat: issued, exp: issued + tokenSeconds }),
  )
}

async function travel(seconds: number): Promise<void> {
  emulator.travel(seconds)
  await Promise.all(processes.map((each) => each.travel(seconds)))
}

/** The waits of the injected clock are over; those that the server measures would take their seconds. */
async function forgetLeases(): Promise<void> {
  const keys = (await redis.command('KEYS', 'citizen:lease:*')) as string[]
  expect(keys.length).toBeGreaterThan(0)
  await redis.command('DEL', ...keys)
}

const setNames = (response: Response): string[] =>
  response.headers.getSetCookie().map((line) => line.split('=', 1)[0] ?? '')
const statuses = (responses: readonly Response[]) => [...new Set(responses.map(({ status }) => status))]
const eventsOf = (type: string) =>
  processes.flatMap((each) => each.events.filter((event) => event.type === type))

describe('a refresh that is due', () => {
  it('REF-1 is one POST for a hundred requests over four processes, and everybody is served', async () => {
    await start(20)
    const cookie = await cookiesDue()
    const responses = await herd(100, cookie)
    expect(statuses(responses)).toEqual([200])
    type Served = { pid: number; session: { publicId: string } }
    const people = await Promise.all(responses.map((response) => response.json() as Promise<Served>))
    expect(new Set(people.map(({ pid }) => pid)).size).toBe(4)
    expect(new Set(people.map(({ session }) => session.publicId)).size).toBe(1)
    expect(emulator.requests.refresh).toBe(1)
    expect(eventsOf('session.started')).toHaveLength(1)
    const later = await herd(20, cookie)
    const fresh = later.map((response) => response.headers.getSetCookie().filter((line) => /^c1_/.test(line)))
    expect(new Set(fresh.map((lines) => lines.join('\n'))).size).toBe(1)
    expect(setNames(later[0] ?? new Response())).toEqual(expect.arrayContaining(partNames))
    expect(emulator.requests.refresh).toBe(1)
  })

  it('REF-1 keeps nobody waiting for the answer but the one who asked', async () => {
    await start(20)
    const cookie = await cookiesDue()
    const release = emulator.faults.hold('refresh')
    let answered = 0
    const requests = Array.from({ length: 100 }, async (_, index) => {
      const response = await visit(index, cookie)
      answered += 1
      return response
    })
    await emulator.arrived('refresh', 1)
    await until(async () => answered >= 99, 'everybody else to be answered')
    release()
    const responses = await Promise.all(requests)
    expect(statuses(responses)).toEqual([200])
    expect(responses.filter((response) => setNames(response).includes('c1_signature'))).toHaveLength(1)
    expect(emulator.requests.refresh).toBe(1)
  })
})

describe('a provider that does not extend', () => {
  /** Each with how the outage begins. What has begun ends with the emulator's reset. */
  const outages: readonly (readonly [name: string, begin: () => unknown])[] = [
    ['is down: its port is closed', () => emulator.close()],
    ['cuts every connection', () => emulator.faults.set({ down: true })],
    ['does not answer in time', () => emulator.faults.hold('refresh')],
    ['answers 403', () => emulator.faults.set({ status: { refresh: 403 } })],
    ['answers 429', () => emulator.faults.set({ status: { refresh: 429 } })],
    ['answers 500', () => emulator.faults.set({ status: { refresh: 500 } })],
    ['answers 503', () => emulator.faults.set({ status: { refresh: 503 } })],
    ['answers with a page', () => emulator.faults.set({ nonsense: { refresh: 'html' } })],
    ['answers with 5 MiB', () => emulator.faults.set({ nonsense: { refresh: 'huge' } })],
    ['answers with somebody else', () => emulator.faults.set({ nonsense: { refresh: 'other-person' } })],
    ['answers with the same token', () => emulator.faults.set({ nonsense: { refresh: 'unchanged' } })],
  ]

  it.each(outages)('REF-2 signs nobody out before exp when it %s', async (_name, begin) => {
    await start(1)
    const cookie = await cookiesDue()
    // The keys are known before the outage, as for an application that has served anybody.
    await visit(0, emulator.cookieHeader(await emulator.tokenFor('ben', { level: 'mfa' })))
    for (let index = 1; index < 4; index += 1) await visit(index, await emulator.cookiesFor('dan'))
    await begin()
    const first = await herd(40, cookie)
    expect(statuses(first)).toEqual([200])
    expect(first.flatMap(setNames).filter((name) => name.startsWith('c1_'))).toEqual([])
    expect(emulator.requests.refresh).toBeLessThanOrEqual(1)
    expect(eventsOf('identity.degraded')).toHaveLength(1)
    const left = tokenSeconds - age
    await travel(left - 60)
    expect(statuses(await herd(8, cookie))).toEqual([200])
    await travel(40)
    const last = await herd(8, cookie)
    expect(statuses(last)).toEqual([200])
    expect(eventsOf('session.ended')).toEqual([])
    await travel(20 + 60)
    const over = await herd(4, cookie, '/open')
    for (const response of over) expect(await shown(response)).toMatchObject({ reason: 'token-expired' })
    await emulator.listen()
  })

  it('REF-2 HLD-03 signs out with the reason, on every process, when it refuses twice', async () => {
    await start(20)
    const cookie = await cookiesDue()
    emulator.revoke('ana')
    // The first refusal could be the first sign of an outage that refuses everybody.
    expect((await visit(0, cookie)).status).toBe(200)
    await travel(61)
    await forgetLeases()
    expect((await visit(0, cookie)).status).toBe(302)
    expect(eventsOf('identity.refused')).toEqual([expect.objectContaining({ status: 401 })])
    for (const index of processes.keys()) {
      const refused = await visit(index, cookie, '/private', { headers: { 'sec-fetch-mode': 'cors' } })
      expect(refused.status).toBe(401)
      expect(await refused.json()).toMatchObject({ reason: 'identity-ended' })
    }
    expect(eventsOf('session.ended')).toEqual([expect.objectContaining({ reason: 'identity-ended' })])
    expect(emulator.requests.refresh).toBe(2)
  })
})

describe('a logout at one process', () => {
  it('ASV-05 is known to all others with their next request, also to those that have cached the token', async () => {
    await start(20)
    const cookie = await emulator.cookiesFor('ana')
    for (const index of processes.keys()) expect((await visit(index, cookie)).status).toBe(200)
    const logout = await visit(2, cookie, '/session/logout', {
      method: 'POST',
      headers: { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors', accept: 'application/json' },
    })
    expect(await logout.json()).toMatchObject({ legs: [{ leg: 'sessions', state: 'done' }, {}, {}] })
    const responses = await herd(40, cookie, '/open')
    for (const response of responses) {
      expect(await shown(response)).toMatchObject({ state: 'anonymous', reason: 'signed-out' })
    }
    expect(eventsOf('session.started')).toHaveLength(1)
  })
})
