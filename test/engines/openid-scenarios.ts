/** @module OpenID Connect in every engine: the frame of session management and the silent check, on one site and across sites. */
import { describe, expect, it } from 'vitest'
import type { HttpsSites } from '../support/https-sites.js'
import type { Framework } from './applications.js'
import type { Engine } from './engine.js'
import { openOpenIdPlace, type Party } from './openid-place.js'

const identity = 'globalThis.citizenSession?.client.snapshot.identity'

export function testOpenId(engine: () => Engine, sites: () => HttpsSites): void {
  describe.each(['Express', 'Koa'] as const)('on %s behind the defaults of helmet', (framework) => {
    testSessionManagement(framework, engine, sites)
  })
}

function testSessionManagement(framework: Framework, engine: () => Engine, sites: () => HttpsSites): void {
  const open = async (party: Party) => {
    const place = await openOpenIdPlace(sites(), framework)
    const person = await engine().newPerson()
    const tab = await person.newTab()
    await place.signIn(tab, party)
    return { place, person, tab }
  }
  /** Until the page has nothing more to ask: WebKit's driver hangs where it is asked while a page leaves by itself. */
  const untilQuiet = async (answers: readonly string[]): Promise<void> => {
    for (let seen = -1; seen !== answers.length; ) {
      seen = answers.length
      await new Promise((resolve) => setTimeout(resolve, 3000))
    }
  }
  const failures = (answers: readonly string[]) =>
    answers.filter((answer) => /^[45]/.test(answer) && !answer.endsWith('/favicon.ico'))

  describe('session management', () => {
    it('tells of the end at a provider on the same site, by silent checks', async () => {
      const { place, person, tab } = await open('near')
      await tab.until(`${identity} === 'unchanged'`)
      const other = await person.newTab()
      await other.goto(`${place.emulator.url}/logout`)
      await other.untilText('signed out')
      await tab.bringToFront()
      await tab.untilText('Your session has ended')
      expect(failures(place.answers)).toEqual([])
    })

    it('across sites says what it sees, or that it is blocked, and never ends a session for cookies that are kept from it', async () => {
      const { place, tab } = await open('far')
      await untilQuiet(place.answers)
      await tab.until(`['unchanged', 'blocked'].includes(${identity})`)
      expect(await tab.text()).toContain('private')
      expect(failures(place.answers)).toEqual([])
      expect(place.events.map(({ type }) => type)).not.toContain('session.ended')
    })

    it('ends a silent check in a frame with a word for the page, whatever cookies the browser brings back', async () => {
      const { place, tab } = await open('far')
      await untilQuiet(place.answers)
      await tab.until(`['unchanged', 'blocked'].includes(${identity})`)
      // Inside of our own frame, whose policy lets it go to the provider.
      await tab.evaluate(`(() => {
        const ours = document.querySelector('iframe').contentWindow
        const frame = ours.document.createElement('iframe')
        ours.addEventListener('message', ({ data, source }) => {
          if (source === frame.contentWindow) globalThis.said = data.step
        })
        frame.src = '/session/reauthenticate?begin=frame'
        ours.document.body.append(frame)
      })()`)
      await tab.until(`['renew', 'confirm-at-top'].includes(globalThis.said)`)
      expect(failures(place.answers)).toEqual([])
    })
  })
}
