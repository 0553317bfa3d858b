/** @module The name of a person in events: a digest that anybody can make, or a keyed one. */
import { expect, it } from 'vitest'
import { digest } from '../../src/digest.js'
import type { CitizenEvent } from '../../src/index.js'
import { createWorld } from '../support/world.js'

const personKey = 'a key of thirty-two bytes or more'

/** Every name of a person in the events of a sign-in, a sign-out and a sign-in of somebody else. */
async function namesWith(events: { readonly personKey?: string }) {
  const world = await createWorld({ applications: { benefits: { events }, library: { events } } })
  const browser = world.browser()
  await world.signIn(browser, 'benefits')
  await world.signIn(browser, 'library')
  await browser.jar.removeAllCookies()
  await world.signIn(browser, 'library', 'dan')
  const all: CitizenEvent[] = ['benefits', 'library'].flatMap((name) => world.application(name).events)
  const plain = ['ana', 'dan'].map((username) => {
    const { sub = '' } = world.emulator.people.find((person) => person.username === username) ?? {}
    return digest('person', world.emulator.issuer, sub)
  })
  const names = all.flatMap((event) => ('person' in event ? [event.person] : []))
  return { plain, names, text: JSON.stringify(all) }
}

it('HLD-25 is a keyed digest in every event, the same in applications with the same key', async () => {
  const { plain, names, text } = await namesWith({ personKey })
  expect(new Set(names).size).toBe(2)
  for (const name of names) expect(name).toMatch(/^[\w-]{22}$/)
  for (const digestOfAnybody of plain) expect(text).not.toContain(digestOfAnybody)
  expect(new Set((await namesWith({ personKey: `${personKey}!` })).names)).not.toEqual(new Set(names))
})

it('HLD-25 is the plain digest without a key', async () => {
  const { plain, names } = await namesWith({})
  expect(new Set(names)).toEqual(new Set(plain))
})
