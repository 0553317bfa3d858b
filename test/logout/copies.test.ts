import { expect, it } from 'vitest'
import { memoryStore, type Receipt, StoreUnavailableError } from '../../src/index.js'
import { describeCopies } from './copies-cases.js'
import { alone, cookiesOf, createCopiesPlace } from './copies-place.js'

describeCopies('in memory', (clock) => memoryStore({ clock }))

it.each([
  ['names a copy', true, 'Some other part could not be confirmed'],
  ['is global where there is none', false, 'You are signed out here and at the sign-in service'],
])(
  'HLD-13 a store that is away is looked at again on the return, which then %s',
  async (_, hasCopy, text) => {
    let isDown = false
    const place = await createCopiesPlace({
      store: (clock) =>
        new Proxy(memoryStore({ clock }), {
          get(target, name) {
            const member: unknown = Reflect.get(target, name)
            if (typeof member !== 'function') return member
            return (...given: unknown[]) => {
              if (isDown) throw new StoreUnavailableError('cut off')
              return member.apply(target, given) as unknown
            }
          },
        }),
    })
    const { browser } = await place.signIn(alone)
    const device = await place.device()
    if (hasCopy) expect(await place.stateOf(device)).toBe('active')
    isDown = true
    const headers = { accept: 'application/json' }
    const url = 'https://benefits.example/session/logout'
    const receipt = (await (await browser.fetch(url, { method: 'POST', headers })).json()) as Receipt
    expect(receipt.outcome).toBe('failed')
    expect(cookiesOf(receipt)).toMatchObject({ state: 'unknown', reason: 'store-unavailable' })
    isDown = false
    // The ID token could not be had: the provider asks.
    const asked = await browser.open(receipt.continueAt ?? '')
    const visit = await browser.press(asked, /^Sign out everywhere$/)
    expect(visit.body).toContain(text)
    if (hasCopy) expect(await place.stateOf(device)).toBe('active')
  },
)
