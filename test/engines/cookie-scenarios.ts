/** @module The shared cookie in every engine: in, out, back, the warning, the tabs, the window of a sign-in. */
import { describe, expect, it } from 'vitest'
import type { HttpsSites } from '../support/https-sites.js'
import type { Framework } from './applications.js'
import { type CookiePlace, logIn, openCookiePlace } from './cookie-place.js'
import type { Engine, Person, Tab } from './engine.js'

const client = 'data-is-private&data-poll-seconds=1'
const state = 'globalThis.citizenSession?.client.snapshot.state'
const isShown = `document.querySelector('h1').checkVisibility()`
const dialog = `document.querySelector('citizen-session')?.shadowRoot.querySelector('dialog')`

export function testSharedCookie(engine: () => Engine, sites: () => HttpsSites): void {
  describe.each(['Express', 'Koa'] as const)('on %s behind the defaults of helmet', (framework) => {
    testBehindHelmet(framework, engine, sites)
  })
}

function testBehindHelmet(framework: Framework, engine: () => Engine, sites: () => HttpsSites): void {
  const open = async (
    path: string,
  ): Promise<{ readonly place: CookiePlace; readonly person: Person; readonly tab: Tab }> => {
    const place = await openCookiePlace(sites(), framework)
    const person = await engine().newPerson()
    const tab = await person.newTab()
    await place.signIn(tab, path)
    return { place, person, tab }
  }

  describe('a sign-out', () => {
    it('FLD-13 signs in and out over a provider behind the provider, and shows nothing private to the back button', async () => {
      const { place, tab } = await open('/private?plain')
      expect(place.ledOver).toEqual(['upstream/login', 'id/login'])
      await tab.click('Leave')
      await tab.untilAt(`${place.url}/session/return`)
      expect(await tab.untilText('You are signed out')).toContain('of all applications')
      expect(place.ledOver.slice(2)).toEqual(['upstream/logout', 'id/logout'])
      await tab.goto(`${place.url}/`)
      await tab.untilText('anonymous')
      const pages = await tab.evaluate<number>('history.length')
      for (let count = 1; count < pages; count += 1) {
        await tab.back()
        expect(await tab.text()).not.toContain('private')
      }
    })

    it('FLD-13 shows nothing private to the back button after a sign-out elsewhere, kept in a cache or not', async () => {
      const { place, person, tab } = await open(`/private?kept&${client}`)
      await tab.until(`${state} === 'active'`)
      await tab.evaluate(`addEventListener('pageshow', ({ persisted }) => {
        globalThis.shown = [persisted, ${isShown}]
      }, true)`)
      const plain = await person.newTab()
      await plain.goto(`${place.url}/private?plain`)
      for (const each of [tab, plain]) await each.goto(`${place.url}/open`)
      const other = await person.newTab()
      await other.goto(`${place.url}/`)
      await other.click('Leave')
      await other.untilText('You are signed out')
      await plain.back()
      await plain.untilText('Password')
      await tab.back()
      // The kept page was there, covered; it leaves or is emptied once the server has answered.
      const shown = await tab.evaluate('globalThis.shown ?? null').catch(() => null)
      if (shown !== null) expect(shown).toEqual([true, false])
      await tab.until(`!document.body.textContent.includes('private')`)
    })
  })

  describe('the client', () => {
    it('brings a page back out of the cache as it was, one of the tabs again', async () => {
      const { place, person, tab } = await open(`/private?kept&${client}`)
      await tab.until(`${state} === 'active'`)
      await tab.type('note', 'half a sentence')
      await tab.evaluate(`addEventListener('pageshow', ({ persisted }) => {
        globalThis.shown = [persisted, ${isShown}]
      }, true)`)
      await tab.goto(`${place.url}/open`)
      const other = await person.newTab()
      await other.goto(`${place.url}/private?${client}`)
      const leader = `navigator.locks.query().then(({ held }) => held.map(({ name }) => name).join())`
      // The page in the cache holds no lock: the new one leads.
      await other.until(`${leader}.then((names) => names.includes('leading'))`)
      await other.close()
      await tab.back()
      await tab.until(`${isShown} && ${state} === 'active'`)
      expect(await tab.evaluate(`[...shown, document.querySelector('#note').value]`)).toEqual([
        true,
        false,
        'half a sentence',
      ])
      await tab.until(`${leader}.then((names) => names.includes('leading'))`)
    })

    it('warns in a modal dialog, which stays modal when another view takes its place', async () => {
      const { place, tab } = await open(`/private?${client}`)
      await tab.until(`${state} === 'active'`)
      place.emulator.travel(301)
      await tab.click('Pay')
      await tab.untilText('Please sign in in the new window.')
      const before = await tab.evaluate<string>(`${dialog}.textContent`)
      expect(await tab.evaluate(`${dialog}.matches(':modal')`)).toBe(true)
      place.emulator.travel(570)
      await tab.untilText('You will be signed out')
      expect(await tab.evaluate(`${dialog}.textContent`)).not.toBe(before)
      expect(await tab.evaluate(`${dialog}.matches(':modal')`)).toBe(true)
      // Nobody gets at the page behind it.
      await tab.click('note')
      expect(await tab.evaluate(`document.activeElement.id`)).not.toBe('note')
      await tab.click('Stay signed in')
      await tab.untilText('Please sign in in the new window.')
      expect(await tab.evaluate(`${dialog}.matches(':modal')`)).toBe(true)
      await tab.press('Escape')
      await tab.until(`!${dialog}`)
      await tab.untilText('status 401')
    })

    it('keeps the tabs in step: a sign-out in one is seen in the other', async () => {
      const { place, person, tab } = await open(`/private?${client}`)
      const other = await person.newTab()
      await other.goto(`${place.url}/private?${client}`)
      await other.until(`${state} === 'active'`)
      await tab.bringToFront()
      await tab.click('Leave')
      await tab.untilText('You are signed out')
      await other.bringToFront()
      await other.untilText('Your session has ended')
      await other.until(`!document.body.textContent.includes('private')`)
    })

    it('closes the window of a sign-in, cut off as it is by a Cross-Origin-Opener-Policy', async () => {
      const { place, person, tab } = await open(`/private?${client}`)
      await tab.until(`${state} === 'active'`)
      place.emulator.travel(301)
      await tab.click('Pay')
      await tab.untilText('Please sign in in the new window.')
      const window = await person.opened(() => tab.click('Sign in'))
      await window.untilText('Password')
      expect(await window.evaluate('opener === null')).toBe(true)
      await logIn(window)
      await tab.untilText('status 200')
      await window.untilClosed()
      expect(await person.count()).toBe(1)
    })
  })

  it('FLD-01 signs in and out below a path that a proxy takes away, by cookies that no other host can set', async () => {
    const place = await openCookiePlace(sites(), framework, '/app')
    const tab = await (await engine().newPerson()).newTab()
    await place.signIn(tab, '/private?plain')
    const own = (await tab.cookies()).map(({ name }) => name).filter((name) => name.includes('benefits.'))
    expect(own.length).toBeGreaterThan(0)
    expect(own.filter((name) => !name.startsWith('__Host-benefits.'))).toEqual([])
    await tab.goto(`${place.url}/session/logout`)
    await tab.click('Sign out everywhere')
    await tab.untilAt(`${place.url}/session/return`)
    expect(await tab.untilText('You are signed out')).toContain('of all applications')
    await tab.goto(`${place.url}/`)
    await tab.untilText('anonymous')
  })

  it('the header goes by itself: its menu, a sign-out that the other tab learns of, and who is gone is not shown', async () => {
    const { place, person, tab } = await open('/private?plain&header')
    await tab.untilText('Session ends in')
    await tab.click('Benefits')
    const menu = `document.querySelector('citizen-header').shadowRoot.querySelector('[role=menu]')`
    await tab.until(
      `${menu}.checkVisibility() && ${menu}.getRootNode().activeElement.textContent === 'Benefits'`,
    )
    expect(await tab.evaluate(`[...${menu}.children].map((item) => [item.role, item.ariaCurrent])`)).toEqual([
      ['menuitem', 'true'],
      ['menuitem', null],
    ])
    await tab.press('Escape')
    await tab.until(`!${menu}.checkVisibility()`)
    const other = await person.newTab()
    await other.goto(`${place.url}/private?plain&header`)
    await other.untilText('Session ends in')
    await tab.bringToFront()
    await tab.click('Sign out')
    await tab.untilText('You are signed out')
    await other.bringToFront()
    await other.untilText('Your session has ended')
    expect(await other.text()).not.toContain('Session ends in')
  })
}
