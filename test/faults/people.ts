/** @module People who come, go on and sign out while servers fail, over two instances; what they were told is kept. */
import { createSuite, type Store, type Suite } from '../../src/index.js'
import { type Browser, createBrowser, type Site } from '../support/browser.js'
import { until } from '../support/redis.js'
import { issuer, providerSite, scriptedProtocol, sidPointer } from '../support/scripted-protocol.js'
import { serve, shown } from '../support/world.js'

const url = 'https://benefits.example'
const navigation = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', 'sec-fetch-site': 'none' }
const script = { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', 'sec-fetch-site': 'same-origin' }

/** A touch is written that often. Milliseconds. */
export const touchMilliseconds = 1000
const idleMilliseconds = touchMilliseconds * 20

/** How a session is ended: by its person, by an administrator, or by a message that names the `sid` alone. */
export const ways = ['logout', 'administrator', 'message'] as const
type Way = (typeof ways)[number]

/** One person with one session. */
export interface Person {
  readonly name: string
  readonly sid: string
  readonly cookie: string
  readonly publicId: string
  readonly beganAt: number
  /** When the person was served last. */
  servedAt: number
  /** `asked`: its end was asked for, and nobody said that it is done. */
  state: 'live' | 'asked' | 'ended'
  /** When its end was told as done; 0: not yet. Milliseconds of `performance.now()`. */
  endedAt: number
  way: Way | undefined
  /** The instance that was asked for its end. */
  toldBy: number
  /** Whether the answer that said so had ended something. */
  hadFound: boolean
}

/** What a round counts. */
export interface Tally {
  requests: number
  unavailable: number
  /** When somebody was last told that it cannot be said now; `performance.now()`. */
  unavailableAt: number
  began: number
  acknowledged: number
  unacknowledged: number
  /** What must not be: each line says who, where and when. */
  readonly servedAfterEnd: string[]
  readonly lost: string[]
  readonly errors: string[]
}

/** Nothing yet. */
export const createTally = (): Tally => ({
  requests: 0,
  unavailable: 0,
  unavailableAt: 0,
  began: 0,
  acknowledged: 0,
  unacknowledged: 0,
  servedAfterEnd: [],
  lost: [],
  errors: [],
})

interface Instance {
  readonly suite: Suite
  readonly scripted: ReturnType<typeof scriptedProtocol>
}

function createInstance(store: Store): Instance {
  const scripted = scriptedProtocol()
  const suite = createSuite(
    {
      application: {
        id: 'benefits',
        url,
        secrets: ['a secret of thirty-two bytes or more'],
        sensitivity: 'basic',
        idleSeconds: idleMilliseconds / 1000,
      },
      protocols: [scripted.protocol],
      store,
      onEvent: () => undefined,
    },
    {},
  )
  return { suite, scripted }
}

/** The people of a round. `random` decides who does what where. */
export function createPeople(stores: readonly Store[], random: (below: number) => number) {
  const instances = stores.map(createInstance)
  const tally = createTally()
  const people: Person[] = []
  let serial = 0

  const at = (index: number): Instance => {
    const instance = instances[index]
    if (instance === undefined) throw new Error('no instance')
    return instance
  }
  const note = (where: string, error: unknown): void => {
    tally.errors.push(`${where}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
  }

  /** Signs somebody new in at one instance. One at a time for each: what the provider says is one script. */
  async function begin(index: number): Promise<Person | undefined> {
    const { suite, scripted } = at(index)
    serial += 1
    const [name, sid] = [`person-${serial}`, `sid-${serial}`]
    Object.assign(scripted.script, { person: name, sid })
    const sites = new Map<string, Site>([
      [url, (request) => serve(suite, request)],
      [issuer, providerSite(`${url}/session/return`, `${url}/session/scripted/callback`)],
    ])
    const browser: Browser = createBrowser(sites)
    try {
      const page = await browser.open(`${url}/session/login?returnTo=/private`)
      if (page.status >= 500 && page.status !== 503) note(`a sign-in at ${index}`, page.body)
      if (page.status !== 200 || !page.url.endsWith('/private')) return undefined
      const { session } = JSON.parse(page.body) as { session?: { publicId: string } }
      if (session === undefined) return undefined
      tally.began += 1
      const person: Person = {
        name,
        sid,
        cookie: await browser.cookieHeader(url),
        publicId: session.publicId,
        beganAt: performance.now(),
        servedAt: performance.now(),
        state: 'live',
        endedAt: 0,
        way: undefined,
        toldBy: -1,
        hadFound: false,
      }
      people.push(person)
      return person
    } catch (error) {
      note(`a sign-in at ${index}`, error)
      return undefined
    }
  }

  /** One request of a person. `mustLive`: the session was there, and known to replicas, before anything failed. */
  async function ask(
    person: Person,
    index: number,
    mustLive: boolean,
  ): Promise<'active' | 'out' | 'unavailable'> {
    const sentAt = performance.now()
    const { state, endedAt, way, hadFound, toldBy } = person
    const headers = { ...(random(2) === 0 ? navigation : script), cookie: person.cookie }
    try {
      const answer = await serve(at(index).suite, new Request(`${url}/open`, { headers }))
      tally.requests += 1
      if (answer.status !== 200) throw new Error(`status ${answer.status}`)
      const citizen = await shown(answer)
      if (citizen.state === 'unavailable') {
        tally.unavailable += 1
        tally.unavailableAt = performance.now()
        return 'unavailable'
      }
      const since = sentAt - endedAt
      // A message that met no index entry ends the session with its next touch, which writes the entry again.
      const isBound = way === 'message' && !hadFound && since < 2 * touchMilliseconds
      if (citizen.state === 'active' && state === 'ended' && !isBound) {
        const after = `${Math.round(since)} ms after the ${way} at instance ${toldBy}`
        tally.servedAfterEnd.push(`${person.name} at instance ${index}, ${after}`)
      }
      if (citizen.state === 'active') person.servedAt = performance.now()
      // Nobody can be active while nobody is served.
      const isIdle = citizen.reason === 'idle-timeout' && sentAt - person.servedAt > idleMilliseconds / 2
      if (citizen.state === 'anonymous' && person.state === 'live' && mustLive && !isIdle) {
        tally.lost.push(`${person.name} at instance ${index}: ${citizen.reason}`)
      }
      return citizen.state === 'active' ? 'active' : 'out'
    } catch (error) {
      note(`a request of ${person.name} at ${index}`, error)
      return 'out'
    }
  }

  async function carryOut(
    person: Person,
    way: Way,
    index: number,
  ): Promise<{ done: boolean; found: boolean }> {
    const { suite, scripted } = at(index)
    if (way === 'administrator') {
      const of = { issuer, subject: person.name, publicId: person.publicId }
      const { acknowledged, ended } = await suite.sessions.end(of)
      return { done: acknowledged && ended > 0, found: ended > 0 }
    }
    if (way === 'message') {
      const { sessions } = scripted.host()
      const { acknowledged, ended } = await sessions.revokeByIndex(
        [sidPointer(person.sid)],
        'all',
        'signed-out',
      )
      return { done: acknowledged, found: ended > 0 }
    }
    const headers = { ...script, cookie: person.cookie, accept: 'application/json' }
    const answer = await serve(suite, new Request(`${url}/session/logout`, { method: 'POST', headers }))
    const receipt = (await answer.json()) as { legs?: { leg: string; state: string }[] }
    const done = receipt.legs?.some(({ leg, state }) => leg === 'sessions' && state === 'done') === true
    return { done, found: done }
  }

  /** Asks for a person's end. */
  async function end(person: Person, way: Way, index: number): Promise<void> {
    person.state = 'asked'
    person.way = way
    person.toldBy = index
    try {
      const { done, found } = await carryOut(person, way, index)
      if (!done) {
        tally.unacknowledged += 1
        return
      }
      tally.acknowledged += 1
      person.hadFound = found
      person.endedAt = performance.now()
      person.state = 'ended'
    } catch (error) {
      tally.unacknowledged += 1
      const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined
      if (code !== 'store-unavailable') note(`an end of ${person.name} at ${index}`, error)
    }
  }

  return {
    people,
    tally,
    get instances() {
      return instances.length
    },
    /** One more instance, as a deployment in the middle of an outage makes it. */
    join(store: Store) {
      instances.push(createInstance(store))
    },
    begin,
    ask,
    end,
    /** A client that has only just connected may be refused once. */
    ready: () =>
      until(() => Promise.all(instances.map(({ suite }) => suite.ready())).then(() => true), 'the instances'),
    close: () => Promise.all(instances.map(({ suite }) => suite.close())),
  }
}
