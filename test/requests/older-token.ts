/** @module A token of the shared cookie from before another one, as a saved copy or a request under way has it. */
import { afterEach, describe, expect, it } from 'vitest'
import { StoreUnavailableError } from '../../src/errors.js'
import { type Citizen, type CitizenEvent, createSuite, type Store, type Suite } from '../../src/index.js'
import type { RecordAddress } from '../../src/session-record.js'
import { shortfallOf } from '../../src/sessions/assurance.js'
import { TestExchange } from '../support/exchange.js'
import { createWorld, optionsOf } from '../support/world.js'
import { activity, poll } from './near-place.js'

const method = {
  password: { isMfa: false, isDidAuth: false },
  mfa: { isMfa: true, isDidAuth: false },
  did: { isMfa: true, isDidAuth: true },
}
type Method = keyof typeof method

/** What guards let through, and what the application reads. */
function seen(citizen: Citizen) {
  if (citizen.state !== 'active') return citizen.reason ?? citizen.state
  const { assurance, claims } = citizen
  const isOpen = (demand: Parameters<typeof shortfallOf>[1]) =>
    shortfallOf(assurance, demand, 0) === undefined
  const { level } = assurance
  const opens = { mfa: isOpen({ secondFactor: true }), two: isOpen({ level: 2 }) }
  const says = { isMfa: claims.isMfa === true, isDidAuth: claims.isDidAuth === true }
  return { level, method: assurance.method, ...opens, ...says }
}
const as = (shown: Method) => ({
  level: shown === 'did' ? 2 : 1,
  method: shown,
  mfa: shown !== 'password',
  two: shown === 'did',
  ...method[shown],
})

const exchangeOf = (suite: Suite, headers: Readonly<Record<string, string>>) =>
  new TestExchange(new Request(`${suite.options.application.url}/private`, { headers }))

const closing: Suite[] = []

/** Two instances of one application on a store, and a provider that signs whatever it is asked to. */
async function place(storeOf: (clock: () => number) => Store) {
  const world = await createWorld({ applications: {} })
  const { emulator, now } = world
  let answer: Readonly<Record<string, unknown>> = {}
  const signed = async (claims: Readonly<Record<string, unknown>>, lifeSeconds = 900) => {
    const iat = Math.floor(now() / 1000)
    const common = { iss: emulator.issuer, sub: 'dan', jti: 'one', mfaRequired: false }
    return emulator.signToken({ ...common, iat, exp: iat + lifeSeconds, ...claims })
  }
  const opened = storeOf(now)
  const addresses: RecordAddress[] = []
  const events: CitizenEvent['type'][] = []
  const store: Store = {
    ...opened,
    start(address, request) {
      addresses.push(address)
      return opened.start(address, request)
    },
  }
  const open = () => {
    const options = optionsOf('benefits', { emulator, clock: now, store })
    const refresh: typeof fetch = async (input, init) =>
      init?.method === 'POST' ? Response.json({ token: await signed(answer) }) : emulator.fetch(input, init)
    const onEvent = ({ type }: CitizenEvent) => events.push(type)
    const suite = createSuite({ ...options, fetch: refresh, onEvent }, {})
    closing.push(suite)
    return suite
  }
  return {
    ...world,
    store,
    addresses,
    events,
    one: open(),
    other: open(),
    async token(shown: Method, lifeSeconds?: number, claims: Readonly<Record<string, unknown>> = {}) {
      return emulator.cookieHeader(await signed({ ...method[shown], ...claims }, lifeSeconds))
    },
    refreshAnswers(claims: Readonly<Record<string, unknown>>) {
      answer = claims
    },
    ask: async (suite: Suite, cookie: string, headers: Readonly<Record<string, string>> = activity) =>
      suite.authenticate(exchangeOf(suite, { ...headers, cookie })),
    peek: (suite: Suite, cookie: string) => suite.peek(exchangeOf(suite, { cookie })),
  }
}

/** Describes it on one kind of store. */
export function describeOlderTokens(storeOf: (clock: () => number) => Store): void {
  afterEach(async () => {
    await Promise.all(closing.splice(0).map((suite) => suite.close()))
  })

  const falls: readonly (readonly [before: Method, after: Method])[] = [
    ['did', 'password'],
    ['did', 'mfa'],
    ['mfa', 'password'],
  ]

  describe.each(falls)('after a fall from %s to %s an older token', (before, after) => {
    it.each([
      ['activity', 900, activity],
      ['activity, by a token that expires sooner', 300, activity],
      ['a poll', 900, poll],
    ])('opens no more than the newest, at no instance: by %s', async (_name, lifeSeconds, headers) => {
      const { one, other, ask, peek, token, travel } = await place(storeOf)
      const copy = await token(before)
      const begun = await ask(one, copy)
      expect([begun, await ask(other, copy)].map(seen)).toEqual([as(before), as(before)])
      travel(2)
      const newest = await token(after, lifeSeconds)
      expect(seen(await ask(one, newest, headers))).toEqual(as(after))
      for (const seconds of [0, 1, 20]) {
        travel(seconds)
        const answers = [
          await ask(other, copy),
          await ask(one, copy, poll),
          await peek(other, copy),
          await ask(one, newest),
          await ask(one, copy),
        ]
        expect(answers.map(seen)).toEqual(Array(5).fill(as(after)))
        // It raises nothing, and ends nothing.
        expect(new Set(answers.map(({ session }) => session?.publicId))).toEqual(
          new Set([begun.session?.publicId]),
        )
      }
    })

    it('raises nothing, and a token that is issued later does', async () => {
      const { one, other, ask, token, travel } = await place(storeOf)
      const copy = await token(before)
      await ask(one, copy)
      travel(2)
      await ask(one, await token(after))
      travel(2)
      // It may expire sooner than the ones before.
      const risen = await token(before, 300)
      expect(seen(await ask(other, risen))).toEqual(as(before))
      expect(seen(await ask(one, risen))).toEqual(as(before))
      travel(2)
      const again = await token(after)
      await ask(one, again)
      expect([await ask(other, risen), await ask(other, copy)].map(seen)).toEqual([as(after), as(after)])
    })

    it('of the same second as the fall opens no more: which came first nobody can tell', async () => {
      const { one, other, ask, token } = await place(storeOf)
      const copy = await token(before)
      await ask(one, copy)
      await ask(one, await token(after))
      expect([await ask(one, copy), await ask(other, copy)].map(seen)).toEqual([as(after), as(after)])
    })
  })

  it.each([
    ['of all methods', {}],
    ['of the second factor that is asked for', { mfaRequired: true }],
  ])(
    'where a provider keeps `iat`, a rise %s after a fall is told by its later `exp`',
    async (_name, claims) => {
      const { one, other, ask, token, travel, now } = await place(storeOf)
      const kept = { ...claims, iat: now() / 1000 }
      const lowest = 'mfaRequired' in claims ? 'mfa-required' : as('password')
      const copy = await token('did', 900, kept)
      const begun = await ask(one, copy)
      travel(2)
      const fall = await token('password', 900, { iat: kept.iat })
      expect(seen(await ask(one, fall))).toEqual(as('password'))
      expect(seen(await ask(other, copy))).toEqual(lowest)
      travel(2)
      const risen = await token('did', 900, kept)
      for (const suite of [one, other]) {
        expect(seen(await ask(suite, risen))).toEqual(as('did'))
        expect(seen(await ask(suite, fall))).toEqual(as('password'))
      }
      expect([await ask(other, risen), await ask(one, risen, poll)].map(seen)).toEqual([as('did'), as('did')])
      expect((await ask(one, risen)).session?.publicId).not.toBe(begun.session?.publicId)
      travel(2)
      await ask(one, await token('password', 900, { iat: kept.iat }))
      expect([await ask(other, risen), await ask(one, copy)].map(seen)).toEqual([lowest, lowest])
    },
  )

  it('a token with less that was issued before a rise lowers nothing', async () => {
    const { one, other, ask, token, travel } = await place(storeOf)
    const low = await token('password', 900)
    await ask(one, low)
    travel(2)
    const high = await token('did', 300)
    const risen = await ask(one, high)
    expect(seen(risen)).toEqual(as('did'))
    travel(12)
    expect(seen(await ask(other, low))).toEqual(as('password'))
    const after = await ask(other, high)
    expect([seen(after), after.session?.publicId]).toEqual([as('did'), risen.session?.publicId])
  })

  it('a rise that this application never saw is over with the next token that shows less', async () => {
    const { one, other, ask, token, travel } = await place(storeOf)
    await ask(one, await token('password'))
    travel(2)
    const elsewhere = await token('did')
    travel(2)
    await ask(one, await token('password'))
    expect(seen(await ask(other, elsewhere))).toEqual(as('password'))
  })

  it.each([
    ['with less', {}],
    ['without the second factor that is asked for', { mfaRequired: true }],
  ])('a refresh that brings a token %s holds against the one it was for', async (_name, claims) => {
    const { one, other, ask, token, travel, refreshAnswers } = await place(storeOf)
    const copy = await token('did', 900, claims)
    expect(seen(await ask(one, copy))).toEqual(as('did'))
    refreshAnswers({ ...claims, ...method.password })
    travel(500)
    const expected = 'mfaRequired' in claims ? 'mfa-required' : as('password')
    expect(seen(await ask(one, copy))).toEqual(expected)
    // The copy is sent by somebody who takes no new cookie, and at an instance that has no part in the refresh.
    travel(1)
    expect(seen(await ask(other, copy, poll))).toEqual(expected)
    expect(seen(await ask(one, copy, poll))).toEqual(expected)
  })

  it('a token without the second factor that is asked for holds against those before it', async () => {
    const { one, other, ask, token, travel } = await place(storeOf)
    const first = await token('password', 900, { mfaRequired: true })
    const copy = await token('mfa', 900, { mfaRequired: true })
    expect(seen(await ask(one, first))).toBe('mfa-required')
    expect(seen(await ask(one, copy))).toEqual(as('mfa'))
    // That of the sign-in, which is still under way, was before it.
    expect(seen(await ask(other, first))).toBe('mfa-required')
    expect(seen(await ask(one, copy))).toEqual(as('mfa'))
    travel(2)
    expect(seen(await ask(one, await token('password', 900, { mfaRequired: true })))).toBe('mfa-required')
    expect([await ask(other, copy), await ask(one, copy, poll)].map(seen)).toEqual(
      Array(2).fill('mfa-required'),
    )
    travel(2)
    expect(seen(await ask(one, await token('mfa', 900, { mfaRequired: true })))).toEqual(as('mfa'))
  })

  it('a token without the second factor is told apart while the store is away, and noted when it is back', async () => {
    let isAway = false
    const { one, other, ask, token, travel, events } = await place((clock) => {
      const opened = storeOf(clock)
      return {
        ...opened,
        read(address) {
          if (isAway) throw new StoreUnavailableError('the store is away')
          return opened.read(address)
        },
      }
    })
    const copy = await token('mfa', 900, { mfaRequired: true })
    expect(seen(await ask(one, copy))).toEqual(as('mfa'))
    travel(2)
    const newest = await token('password', 900, { mfaRequired: true })
    isAway = true
    expect(seen(await ask(one, newest))).toBe('mfa-required')
    isAway = false
    expect(events).toContain('store.unavailable')
    expect(seen(await ask(one, newest))).toBe('mfa-required')
    expect(seen(await ask(other, copy))).toBe('mfa-required')
  })

  it.each(['password', 'mfa', 'did'] as const)(
    'a record of 0.1.0 learns by %s what an older token is worth',
    async (shown) => {
      const { one, other, ask, token, travel, store, addresses } = await place(storeOf)
      const copy = await token('did')
      await ask(one, copy)
      const [address] = addresses
      const record = address && (await store.read(address))
      if (address === undefined || record?.state !== 'live') throw new Error('no session has begun')
      const { newestToken, ...older } = record
      expect(newestToken).toEqual({ method: 'did', olderUntil: Date.UTC(2026, 0, 15, 12) - 1 })
      await store.end(address, record, { ...record, state: 'ended', reason: 'idle-timeout', at: 1 })
      const resumes = await store.read(address)
      if (resumes?.state !== 'ended') throw new Error('the session has not ended')
      await store.start(address, {
        record: older,
        issuedAt: record.startedAt,
        now: record.startedAt,
        resumes,
      })
      expect(seen(await ask(other, copy))).toEqual(as('did'))
      travel(2)
      await ask(one, await token(shown))
      expect([await ask(one, copy), await ask(other, copy)].map(seen)).toEqual([as(shown), as(shown)])
    },
  )

  it('a level that an instance of 0.1.0 has raised by an older token falls with the newest', async () => {
    const { one, other, ask, token, travel, store, addresses } = await place(storeOf)
    const copy = await token('did')
    await ask(one, copy)
    travel(2)
    const newest = await token('password')
    await ask(one, newest)
    const [address] = addresses
    const record = address && (await store.read(address))
    if (address === undefined || record?.state !== 'live') throw new Error('no session has begun')
    expect(record).toMatchObject({ level: 1, newestToken: { method: 'password' } })
    await store.update(address, record.generation, { generation: 'g'.repeat(22), level: 2 })
    expect(seen(await ask(one, newest))).toEqual(as('password'))
    expect([await ask(one, copy), await ask(other, copy)].map(seen)).toEqual([as('password'), as('password')])
  })

  it('at an instance whose clock is behind, and then at the others, opens no more than the newest', async () => {
    const { one, other, ask, token, travel } = await place(storeOf)
    await ask(one, await token('did'))
    travel(20)
    const copy = await token('did')
    expect(seen(await ask(one, copy))).toEqual(as('did'))
    travel(45)
    const newest = await token('password')
    expect(seen(await ask(one, newest))).toEqual(as('password'))
    travel(-70)
    expect(seen(await ask(other, copy))).toEqual(as('password'))
    travel(70)
    expect([await ask(one, copy), await ask(one, newest)].map(seen)).toEqual(Array(2).fill(as('password')))
  })

  it('a fall by a clock that was ahead refuses no later rise once the clock is put right', async () => {
    const { one, other, ask, token, travel } = await place(storeOf)
    await ask(one, await token('did', 9000))
    travel(300)
    await ask(one, await token('password', 9000))
    travel(-300)
    const back = await token('password', 9000)
    expect(seen(await ask(one, back))).toEqual(as('password'))
    // By then no token that is accepted can be from before the fall.
    travel(62)
    expect(seen(await ask(other, await token('did', 9000)))).toEqual(as('did'))
  })
}
