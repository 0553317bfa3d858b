import { expect, it } from 'vitest'
import type { Suite } from '../../src/index.js'
import { ask, type Cluster, createCluster, seeded } from './interleavings.js'

const seeds = 2000
/** Seconds; a token is refreshed from half of it. */
const tokenLife = 1200

/** One person with one session. */
interface Person {
  readonly sub: string
  readonly cookie: string
  /** The same session after a second factor. */
  readonly risen: string
  /** What a refresh brings. */
  readonly fresh: string
}

interface Outcome {
  readonly response?: Response | undefined
  /** Whether it ended the person's session. */
  readonly hasEnded: boolean
}

type Operation = (suite: Suite, person: Person) => Promise<Outcome>

const answered = async (response: Promise<Response>): Promise<Outcome> => ({
  response: await response,
  hasEnded: false,
})

const operations = {
  plain: (suite, { cookie }) =>
    answered(ask(suite, '/private', cookie, { headers: { 'citizen-activity': 'none' } })),
  touching: (suite, { cookie }) => answered(ask(suite, '/private', cookie)),
  refresh: (suite, { cookie }) =>
    answered(ask(suite, '/private', cookie, { headers: { accept: 'text/plain' } })),
  rise: (suite, { risen }) => answered(ask(suite, '/private', risen)),
  async logout(suite, { cookie }) {
    return { response: await ask(suite, '/session/logout', cookie, { method: 'POST' }), hasEnded: true }
  },
  async endOne(suite, { sub }) {
    const [session] = await suite.sessions.list({ subject: sub })
    if (session === undefined) return { hasEnded: false }
    const { ended } = await suite.sessions.end({ subject: sub, publicId: session.publicId })
    return { hasEnded: ended > 0 }
  },
  async endAll(suite, { sub }) {
    await suite.sessions.endAllOf({ subject: sub })
    return { hasEnded: true }
  },
} as const satisfies Record<string, Operation>

type OperationName = keyof typeof operations
const names = Object.keys(operations) as readonly OperationName[]
const operationOf = (name: OperationName): Operation => operations[name]

const setsShared = (response: Response): boolean =>
  response.headers.getSetCookie().some((line) => /^c1_(?:header|payload|signature)=[^;]/.test(line))

async function createPerson({ emulator, now }: Cluster, seed: number, age: number): Promise<Person> {
  const sub = `person-${seed}`
  const issued = now() / 1000 - age
  const claims = { iss: emulator.url, sub, jti: `session-${seed}`, mfaRequired: false, isMfa: false }
  const token = (iat: number, isDidAuth: boolean) =>
    emulator.signToken({ ...claims, isDidAuth, iat, exp: iat + tokenLife })
  const [old, risen, fresh] = await Promise.all([
    token(issued, false),
    token(issued, true),
    token(now() / 1000, false),
  ])
  return { sub, cookie: emulator.cookieHeader(old), risen: emulator.cookieHeader(risen), fresh }
}

async function runSeed(cluster: Cluster, seed: number): Promise<void> {
  const { turns, suites, provider } = cluster
  const random = seeded(seed)
  const chosen = Array.from({ length: 3 }, () => names[random(names.length)] ?? 'plain')
  const isDue = chosen.includes('refresh')
  const person = await createPerson(cluster, seed, isDue ? 0.6 * tokenLife : 100)
  const began = random(3) > 0
  if (began) expect((await ask(suites[random(3) === 0 ? 2 : 0], '/private', person.cookie)).status).toBe(200)
  // A touch is worth writing again; a refresh becomes due only now.
  cluster.tick(30_000)
  provider.answer = person.fresh
  provider.posts = {}

  let step = 0
  const label = `seed ${seed}: ${chosen.join(', ')}`
  let endedAt = Number.POSITIVE_INFINITY
  const begun = chosen.map(async (name) => {
    const suite = suites[random(3)] ?? suites[0]
    turns.isScheduling = true
    await turns.next()
    const from = step
    const { response, hasEnded } = await operationOf(name)(suite, person)
    if (hasEnded) endedAt = Math.min(endedAt, step)
    return { name, response, from, to: step }
  })
  await turns.run(random, () => {
    step += 1
    cluster.tick(1)
  })
  const finished = await Promise.all(begun)

  for (const { name, response, from, to } of finished) {
    if (response === undefined) continue
    expect([200, 401], `${label}: ${name}`).toContain(response.status)
    if (to > endedAt) expect(setsShared(response), `${label}: cookies of ${name} after the end`).toBe(false)
    if (from > endedAt && name !== 'logout')
      expect(response.status, `${label}: ${name} begun after`).toBe(401)
  }
  const isOver = endedAt < Number.POSITIVE_INFINITY
  const wasRefreshed = Object.values(provider.posts).length > 0
  const cookies = [person.cookie, ...(wasRefreshed ? [cluster.emulator.cookieHeader(person.fresh)] : [])]
  for (const suite of suites) {
    for (const cookie of cookies) {
      const again = await ask(suite, '/private', cookie)
      expect(again.status, `${label}: afterwards`).toBe(isOver ? 401 : 200)
      if (isOver) expect(setsShared(again), `${label}: cookies afterwards`).toBe(false)
    }
  }
  if (!chosen.includes('rise')) expect(provider.posts.benefits ?? 0, `${label}: POSTs`).toBeLessThanOrEqual(1)
}

it(`RACE-1 CK-14 RACE-3 REF-1 brings nothing back and signs out nobody else, in ${seeds} seeded interleavings of whole requests`, async () => {
  const cluster = await createCluster()
  const { suites } = cluster
  for (let seed = 1; seed <= seeds; seed += 1) {
    if (seed % 50 === 1) {
      // Nobody is due for a refresh here: what is looked at is whether somebody else's end was theirs.
      const other = await createPerson(cluster, -seed, 0)
      for (const suite of suites) expect((await ask(suite, '/private', other.cookie)).status).toBe(200)
      await runSeed(cluster, seed)
      for (const suite of suites) expect((await ask(suite, '/private', other.cookie)).status).toBe(200)
    } else await runSeed(cluster, seed)
  }
}, 300_000)
