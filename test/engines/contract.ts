/** @module What each engine must do for the scenarios, as cases of one contract; and that it is the engine of people. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import type { HttpsSites } from '../support/https-sites.js'
import type { Engine } from './engine.js'

export function testEngine(engine: () => Engine, sites: () => HttpsSites): void {
  const page = (body: string) => `<!doctype html><title>page</title><body>${body}`
  const open = () => {
    sites().serve('one.citizen', (request, response) => {
      const cookies = [
        'own=1; Path=/; Secure; HttpOnly; SameSite=Lax',
        'shared=1; Domain=citizen.localhost; Path=/',
      ]
      response.setHeader('set-cookie', cookies)
      response.setHeader('content-type', 'text/html')
      response.setHeader('content-security-policy', "default-src 'self'")
      const hidden = request.url === '/two' ? 'second' : 'first'
      response.end(
        page(`<h1>${hidden}</h1><label>note <input id="note"></label>
        <a href="/two">On</a> <a href="/two" target="_blank">Window</a>`),
      )
    })
    return sites().originOf('one.citizen')
  }

  describe('the engine', () => {
    it('takes a certificate of our own, and keeps cookies of a name below localhost for each person', async () => {
      const url = open()
      const tab = await (await engine().newPerson()).newTab()
      await tab.goto(`${url}/`)
      expect(await tab.text()).toContain('first')
      expect((await tab.cookies()).map(({ name }) => name).sort()).toEqual(['own', 'shared'])
      const other = await (await engine().newPerson()).newTab()
      await other.goto('about:blank')
      expect(await other.cookies()).toEqual([])
    })

    it('types, clicks and goes back, into its back/forward cache', async () => {
      const url = open()
      const tab = await (await engine().newPerson()).newTab()
      await tab.goto(`${url}/`)
      await tab.type('note', 'half a word')
      await tab.evaluate(`addEventListener('pageshow', ({ persisted }) => { globalThis.isKept = persisted })`)
      await tab.click('On')
      await tab.untilAt(`${url}/two`)
      await tab.back()
      await tab.untilAt(`${url}/`)
      expect(await tab.evaluate(`[isKept, document.querySelector('#note').value]`)).toEqual([
        true,
        'half a word',
      ])
    })

    it('opens a window by a click, which closes itself, and tabs', async () => {
      const url = open()
      const person = await engine().newPerson()
      const tab = await person.newTab()
      await tab.goto(`${url}/`)
      const window = await person.opened(() => tab.click('Window'))
      await window.untilText('second')
      expect(await person.count()).toBe(2)
      await window.close()
      expect(await window.isOpen()).toBe(false)
      const second = await person.newTab()
      await second.goto(`${url}/two`)
      expect([await tab.text(), await second.text()]).toEqual([
        expect.stringContaining('first'),
        expect.stringContaining('second'),
      ])
      expect(await tab.evaluate('typeof navigator.locks + typeof BroadcastChannel')).toBe('objectfunction')
    })

    it('takes a Secure cookie from plain http at a name below localhost, but for WebKit: see docs/emulator.md', async () => {
      const server = createServer((_, response) => {
        response.setHeader('set-cookie', ['plain=1; Path=/', 'none=1; Path=/; Secure; SameSite=None'])
        response.end('plain')
      }).listen(0, '127.0.0.1')
      await once(server, 'listening')
      const tab = await (await engine().newPerson()).newTab()
      await tab.goto(`http://id.citizen.localhost:${(server.address() as AddressInfo).port}/`)
      const names = (await tab.cookies()).map(({ name }) => name).sort()
      server.closeAllConnections()
      server.close()
      expect(names).toEqual(engine().name === 'WebKit' ? ['plain'] : ['none', 'plain'])
    })
  })
}
