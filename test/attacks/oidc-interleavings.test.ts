import { expect, it } from 'vitest'
import type { Store } from '../../src/index.js'
import type { Browser, Visit } from '../support/browser.js'
import { seeded, Turns, takingTurns } from './interleavings.js'
import { createPlace, home, type Place } from './oidc-place.js'

const seeds = 600

/** One schedule: the place, one browser that is signed in, and what its requests may do. */
interface Scene {
  readonly place: Place
  readonly browser: Browser
  readonly sid: string | undefined
  readonly sub: string
}

interface Outcome {
  readonly visit?: Visit | undefined
  /** Whether it ended the person's session. */
  readonly hasEnded: boolean
}

/** Schedules in which everything had to be over. */
let strict = 0

const private_ = `${home}/private`
const seen = async (visit: Promise<Visit>): Promise<Outcome> => ({ visit: await visit, hasEnded: false })

const operations = {
  plain: ({ browser }) => seen(browser.open(private_, { headers: { 'citizen-activity': 'none' } })),
  /** Finds a refresh due. */
  refresh: ({ browser }) => seen(browser.open(private_)),
  check: ({ browser }) =>
    seen(browser.open(`${home}/session/reauthenticate?begin=top&returnTo=/open`, { from: home })),
  /** A login of the session that the browser has, for something recent. */
  again: ({ browser }) => seen(browser.open(`${home}/session/login?returnTo=/private&maxAge=1`)),
  async logout({ browser }) {
    return { visit: await browser.post(`${home}/session/logout`, {}), hasEnded: true }
  },
  async backchannel({ place, sub, sid }) {
    const { status } = await place.backchannel(sid === undefined ? { sub } : { sub, sid })
    expect(status).toBe(200)
    return { hasEnded: true }
  },
  async pointed({ place, sid, sub }) {
    const { status } = await place.backchannel(sid === undefined ? { sub } : { sid })
    expect(status).toBe(200)
    return { hasEnded: true }
  },
  async endAll({ place, sub }) {
    await place.suite.sessions.endAllOf({ subject: sub, issuer: 'https://id.example.gov' })
    return { hasEnded: true }
  },
} as const satisfies Record<string, (scene: Scene) => Promise<Outcome>>

type Name = keyof typeof operations
const names = Object.keys(operations) as Name[]
const endings: readonly Name[] = ['logout', 'backchannel', 'pointed', 'endAll']

async function runSeed(seed: number): Promise<void> {
  const random = seeded(seed)
  const turns = new Turns()
  const place = createPlace({
    suite: { application: { sensitivity: 'public' } },
    oidc: { pushedAuthorization: 'never', refresh: { waitMilliseconds: 5_000 } },
    store: (store): Store => takingTurns(store, turns),
  })
  const { script } = place
  const twin = place.twin()
  script.instance = () => (random(2) === 0 ? twin : undefined)
  const sub = `person-${seed}`
  const sid = random(2) === 0 ? undefined : `session-${seed}`
  script.sub = sub
  script.sid = sid
  script.onToken = async () => {
    await turns.next()
    return undefined
  }
  const browser = place.browser()
  expect((await browser.open(`${home}/session/login?returnTo=/private`)).status).toBe(200)
  const other = place.browser()
  script.sub = 'other'
  script.sid = sid && 'another-session'
  expect((await other.open(`${home}/session/login?returnTo=/private`)).status).toBe(200)
  script.sub = sub
  script.sid = sid
  place.travel(2000)
  const chosen = Array.from({ length: 3 }, () => names[random(names.length)] ?? 'plain')
  const isDue = chosen.includes('refresh')
  if (!isDue) place.travel(-500)
  // Who logs in again proves it before anything ends.
  script.authTime = Math.floor(place.now() / 1000)
  place.travel(1)
  const label = `seed ${seed} (${sid ?? 'no sid'}): ${chosen.join(', ')}`
  const before = await browser.cookieHeader(home)

  let step = 0
  let leftAt = -1
  script.onAuthorize = () => {
    if (place.asked.at(-1)?.get('prompt') !== 'none') leftAt = step
  }
  let endBeganAt = Number.POSITIVE_INFINITY
  const begun = chosen.map(async (name): Promise<Outcome> => {
    turns.isScheduling = true
    await turns.next()
    if (endings.includes(name)) endBeganAt = Math.min(endBeganAt, step)
    return operations[name]({ place, browser, sid, sub })
  })
  await turns.run(random, () => {
    step += 1
    place.travel(1 / 1000)
  })
  const outcomes = await Promise.all(begun)

  for (const { visit } of outcomes) if (visit !== undefined) expect(visit.status, label).toBeLessThan(500)
  const isOver = outcomes.some(({ hasEnded }) => hasEnded)
  const spent = place.grants.map((form) => form.get('refresh_token')).filter((token) => token !== null)
  expect(new Set(spent).size, `${label}: a refresh token was spent twice`).toBe(spent.length)
  const after = await place.state(browser)
  // A login that left for the provider after the end is a login of its own: it may be good, or refused.
  const isNew = leftAt >= endBeganAt
  if (isOver && isNew) {
    expect(['active', 'anonymous'], label).toContain(after.state)
    if (after.state === 'active') expect(after.sub, label).toBe(sub)
  } else if (isOver) {
    strict += 1
    expect(after, label).toMatchObject({ state: 'anonymous' })
    const headers = { cookie: before, 'sec-fetch-site': 'same-origin' }
    const replayed = await place.handle(new Request(`${home}/open`, { headers }))
    expect(await replayed.json(), `${label}: the old cookie`).toMatchObject({ state: 'anonymous' })
    const records = await place.suite.sessions.list({ subject: sub, issuer: 'https://id.example.gov' })
    expect(records, `${label}: what is live`).toEqual([])
  } else {
    expect(after, label).toMatchObject({ state: 'active', sub })
  }
  expect(await place.state(other), `${label}: somebody else`).toMatchObject({ state: 'active', sub: 'other' })
}

it(`RACE-1 RACE-3 brings nothing back, crosses no persons and spends no token twice, in ${seeds} seeded interleavings`, async () => {
  for (let seed = 1; seed <= seeds; seed += 1) await runSeed(seed)
  expect(strict).toBeGreaterThan(seeds / 2)
}, 300_000)
