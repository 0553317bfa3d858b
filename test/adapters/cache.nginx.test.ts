/** @module Two people behind one careless caching proxy, on every framework: neither ever gets the other's session. */
import { getRequestListener } from '@hono/node-server'
import express from 'express'
import Koa from 'koa'
import { afterEach, describe, expect, it } from 'vitest'
import type { RunningApplication } from '../contracts/adapter-harness.js'
import { createBrowser } from '../support/browser.js'
import { startNginx, type TestNginx } from '../support/nginx.js'
import { siteOn } from '../support/wire.js'
import { expressApplication } from './applications/express.js'
import { honoApplication } from './applications/hono.js'
import { startInProcess } from './applications/in-process.js'
import { koaApplication } from './applications/koa.js'

let site: RunningApplication | undefined
let nginx: TestNginx | undefined
afterEach(async () => {
  await nginx?.stop()
  await site?.stop()
})

const frameworks: readonly (readonly [name: string, start: () => Promise<RunningApplication>])[] = [
  ['Express', () => startInProcess((suites) => expressApplication(express, suites))],
  ['Koa', () => startInProcess((suites) => koaApplication(Koa, suites))],
  ['Hono', () => startInProcess((suites) => getRequestListener(honoApplication(suites)))],
]

describe.each(frameworks)('%s', (_name, start) => {
  it('keeps two people and a stranger apart, where a page is stored and where a token is refreshed', async () => {
    const running = await start()
    site = running
    const { url, emulator } = running
    const proxy = await startNginx([{ name: new URL(url).hostname, port: running.port, isCaching: true }])
    nginx = proxy
    const through = siteOn({ port: proxy.port, certificate: proxy.certificate })
    const browser = () =>
      createBrowser(
        new Map([
          [url, through],
          [emulator.url, (request: Request) => emulator.handle(request)],
        ]),
      )
    const signedIn = async (username: string) => {
      const person = browser()
      const page = await person.open(`${url}/session/login?returnTo=/private`)
      const done = await person.press(page, /^Sign in$/, { username, password: `${username}-password` })
      expect([done.url, done.status]).toEqual([`${url}/private`, 200])
      return { ...person, sub: (JSON.parse(done.body) as { sub: string }).sub }
    }
    const [ana, dan] = [await signedIn('ana'), await signedIn('dan')]
    expect(ana.sub).not.toBe(dan.sub)
    for (const one of [ana, dan, ana]) {
      const other = one === ana ? dan : ana
      for (const path of ['/open', '/private', '/session/status', '/cookies']) {
        const { status, body } = await one.open(url + path)
        expect([path, status, body.includes(other.sub)]).toEqual([path, 200, false])
      }
      expect((await one.open(`${url}/open`)).body).toContain(one.sub)
    }

    let isRefreshed = false
    for (let round = 0; round < 12 && !isRefreshed; round += 1) {
      await running.travel(300)
      const address = `${url}/cookies?round=${round}`
      const answer = await ana.open(address)
      isRefreshed = answer.headers.getSetCookie().some((line) => line.startsWith('c1_signature='))
      for (const stranger of [browser(), dan]) {
        const seen = await stranger.fetch(address)
        const foreign = answer.headers.getSetCookie().filter((line) => line.startsWith('c1_'))
        expect(seen.headers.getSetCookie().filter((line) => foreign.includes(line))).toEqual([])
        expect(seen.headers.getSetCookie().some((line) => /seen=/.test(line))).toBe(false)
      }
    }
    expect(isRefreshed).toBe(true)

    const stored = `${url}/cookies?stored`
    await browser().fetch(stored)
    expect((await browser().fetch(stored)).headers.get('x-cache')).toBe('HIT')
  })
})
