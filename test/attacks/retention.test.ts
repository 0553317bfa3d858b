import { expect, it } from 'vitest'
import { createWorld } from '../support/world.js'

const benefits = 'https://benefits.citizen.example'
const library = 'https://library.citizen.example'
const day = 86_400
/** A provider whose tokens live longer than records do without them. */
const emulator = { tokenSeconds: 3 * day, idleSeconds: 3 * day, sessionSeconds: 3 * day }

async function signedIn() {
  const world = await createWorld({ emulator, applications: { benefits: {}, library: {} } })
  const browser = world.browser()
  await world.signIn(browser, 'benefits')
  const shared = (await browser.cookieHeader(library)).split('; ').filter((pair) => pair.startsWith('c1_'))
  const headers = { cookie: shared.join('; '), 'sec-fetch-site': 'same-origin' }
  const send = (origin: string, cookie: string) =>
    world
      .application(new URL(origin).hostname.split('.')[0] ?? '')
      .handle(new Request(`${origin}/private`, { headers: { ...headers, cookie } }))
  const ask = async (origin: string) => {
    // Another session of the same person begins: what is no longer retained is dropped then.
    expect((await send(origin, await world.emulator.cookiesFor('ana'))).status).toBe(200)
    return send(origin, headers.cookie)
  }
  return { world, browser, ask }
}

it.each([benefits, library])(
  'peers ASV-05 a token that outlives every record stays refused after a logout, at %s',
  async (origin) => {
    const { world, browser, ask } = await signedIn()
    await browser.fetch(`${benefits}/session/logout`, { method: 'POST' })
    world.travel(2.9 * day)
    expect((await ask(origin)).status).toBe(401)
  },
)

it('peers ASV-04 nor does it bring back a session that was idle, seen in between or not', async () => {
  const { world, ask } = await signedIn()
  world.travel(2.5 * day)
  expect((await ask(benefits)).status).toBe(401)
  world.travel(0.4 * day)
  expect((await ask(benefits)).status).toBe(401)
})

it('ASV-06 nor after an administrator ended everything', async () => {
  const { world, ask } = await signedIn()
  const subject = world.emulator.people.find(({ username }) => username === 'ana')?.sub ?? ''
  await world.application('benefits').suite.sessions.endAllOf({ subject })
  world.travel(2.9 * day)
  for (const origin of [benefits, library]) expect((await ask(origin)).status).toBe(401)
})
