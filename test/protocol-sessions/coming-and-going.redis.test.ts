/** @module Providers that come and go on two instances with one Redis, while people sign in, are renewed and sign out. */
import { describe, expect, it } from 'vitest'
import type { Store } from '../../src/index.js'
import { redisStore } from '../../src/redis.js'
import type { Browser } from '../support/browser.js'
import { redisOfFile } from '../support/redis-of-file.js'
import { createPlural, type Given, home, type Instance, type PluralPlace } from './plural.js'

const openid: Given = { protocol: 'oidc' }
const both = { adfs: openid, entra: openid, eduid: { protocol: 'saml' } } as const
const people = ['adfs', 'entra', 'adfs', 'eduid', 'adfs', 'entra'] as const

const client = redisOfFile()
const open = (clock: () => number): Store => redisStore(client(), { clock, deadlineMilliseconds: 5000 })

interface Pair {
  readonly place: PluralPlace
  readonly instances: readonly [Instance, Instance]
}

/** Two instances behind one address; requests go to them in turn. */
async function createPair(): Promise<Pair> {
  const place = await createPlural(both, { store: open })
  const second = place.instance(Object.keys(both), { store: open(place.now) })
  const instances = [place, second] as const
  let turn = 0
  place.sites.set(home, (request) => {
    turn += 1
    return (turn % 2 === 0 ? place : second).handle(request)
  })
  return { place, instances }
}
/** Lets so many turns of the event loop go by: what is under way then is another thing each time. */
const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}
const startedOf = ({ instances }: Pair) =>
  instances.flatMap(({ events }) =>
    events.flatMap((event) => (event.type === 'session.started' ? [event.provider] : [])),
  )
const endsOf = ({ instances }: Pair) =>
  instances.flatMap(({ events }) =>
    events.flatMap((event) => (event.type === 'session.ended' ? [`${event.provider} ${event.reason}`] : [])),
  )
const atBoth = async ({ place, instances }: Pair, browser: Browser): Promise<readonly unknown[]> => {
  const cookie = await browser.cookieHeader(home)
  return Promise.all(
    instances.map(async ({ handle }) => {
      const answer = await handle(new Request(`${home}/open`, { headers: { cookie } }))
      const { state, provider, reason } = (await answer.json()) as Awaited<ReturnType<typeof place.who>>
      return state === 'active' ? `active ${provider}` : `${state} ${reason}`
    }),
  )
}
const isIn = (name: string) => [`active ${name}`, `active ${name}`]
const isOut = expect.stringMatching(/^anonymous (provider-removed|not-signed-in)$/)

describe.each([0, 3, 10, 30, 80, 200])('after %i turns of the event loop', (count) => {
  it('a removal on both instances ends every session of the provider, however far its login is, and no other', async () => {
    const pair = await createPair()
    const { place, instances } = pair
    const before = people.map((name) => ({ name, browser: place.browser() }))
    for (const { name, browser } of before) await place.signIn(browser, name)
    place.travel(1)
    const during = people.map((name) => ({ name, browser: place.browser() }))
    await Promise.all([
      ...during.map(({ name, browser }) => place.signIn(browser, name)),
      ...instances.map(async ({ suite }, index) => {
        await turns(count * (index + 1))
        await suite.protocols.remove('adfs')
      }),
    ])
    for (const { name, browser } of [...before, ...during]) {
      expect([name, await atBoth(pair, browser)]).toEqual([
        name,
        name === 'adfs' ? [isOut, isOut] : isIn(name),
      ])
    }
    expect(endsOf(pair).filter((end) => end !== 'adfs provider-removed')).toEqual([])
    // Whoever is added next lets none of them in, on either instance, nor after a new start.
    for (const { suite } of instances) await suite.protocols.add(place.plugIn('adfs'))
    const restarted = place.instance(Object.keys(both), { store: open(place.now) })
    for (const { name, browser } of [...before, ...during]) {
      const states = await atBoth({ place, instances: [instances[1], restarted] }, browser)
      expect([name, states]).toEqual([name, name === 'adfs' ? [isOut, isOut] : isIn(name)])
    }
    place.travel(1)
    const late = place.browser()
    await place.signIn(late, 'adfs')
    expect(await atBoth({ place, instances: [instances[0], restarted] }, late)).toEqual(isIn('adfs'))
  })

  it('a replacement on both instances loses no login, no session, no renewal and no sign-out', async () => {
    const pair = await createPair()
    const { place, instances } = pair
    const before = people.map((name) => ({ name, browser: place.browser() }))
    for (const { name, browser } of before) await place.signIn(browser, name)
    const leaving = place.browser()
    await place.signIn(leaving, 'adfs')
    place.travel(200)
    const during = people.map((name) => ({ name, browser: place.browser() }))
    let receipt = ''
    await Promise.all([
      ...during.map(({ name, browser }) => place.signIn(browser, name)),
      ...before.map(({ browser }) => browser.open(`${home}/private`)),
      (async () => {
        receipt = (await place.follow(leaving, await leaving.post(`${home}/session/logout`))).body
      })(),
      ...instances.map(async ({ suite }, index) => {
        await turns(count * (index + 1))
        for (const name of ['adfs', 'eduid']) await suite.protocols.replace(place.plugIn(name))
      }),
    ])
    for (const { name, browser } of [...before, ...during]) {
      expect([name, await atBoth(pair, browser)]).toEqual([name, isIn(name)])
    }
    expect(receipt).toContain('You are signed out')
    expect(startedOf(pair)).toHaveLength(people.length * 2 + 1)
    expect(endsOf(pair)).toEqual(['adfs signed-out'])
  })
})
