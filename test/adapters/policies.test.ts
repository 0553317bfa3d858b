import { createRequire } from 'node:module'
import helmet from 'helmet'
import Koa from 'koa'
import koaHelmet from 'koa-helmet'
import { afterEach, describe, expect, it } from 'vitest'
import { requireCitizen } from '../../adapters/express.js'
import * as onKoa from '../../adapters/koa.js'
import { expressVersions, navigation, ownForm, type Site, startSite } from './site.js'

const koaVersions: readonly (readonly [string, typeof Koa])[] = [
  ['Koa 3', Koa],
  ['Koa 2', createRequire(import.meta.url)('koa2') as typeof Koa],
]

let site: Site
afterEach(() => site.close())

const starts: readonly (readonly [name: string, start: () => Promise<Site>])[] = [
  ...expressVersions.map(([name, framework]): readonly [string, () => Promise<Site>] => [
    name,
    () =>
      startSite((auth) => {
        const app = framework().use(helmet(), auth)
        app.get('/', (_, response) => void response.send('theirs'))
        app.use('/private', requireCitizen(), (_, response) => void response.send('private'))
        return app
      }),
  ]),
  ...koaVersions.map(([name, Framework]): readonly [string, () => Promise<Site>] => [
    name,
    () =>
      startSite((auth) => {
        const app = new Framework().use(koaHelmet()).use(onKoa.citizenSession(auth.suite))
        app.use(async (context, next) => {
          if (context.path !== '/private') context.body = 'theirs'
          else await onKoa.requireCitizen()(context as never, next)
        })
        return app.callback()
      }),
  ]),
]

describe.each(starts)('on %s behind the defaults of helmet', (_name, start) => {
  it.each([
    ['a page of ours', 'GET', '/session/logout', { ...navigation }],
    ['the page that goes on to the provider', 'POST', '/session/login', { ...ownForm }],
    ["a guard's page for a form", 'POST', '/private', { ...ownForm }],
  ])('FLD-02 %s stands under its own policies alone', async (_what, method, path, headers) => {
    site = await start()
    const answer = await site.send(path, { method, headers })
    expect(answer.headers['content-security-policy']).toMatch(/^default-src 'none'; style-src '[^,]+$/)
    expect(answer.headers['x-frame-options']).toBe('DENY')
    expect(answer.headers['cross-origin-opener-policy']).toBeUndefined()
    expect(answer.headers['referrer-policy']).toMatch(/^(?:same-origin|no-referrer)$/)
    // What holds nobody up stays.
    expect(answer.headers['strict-transport-security']).toContain('max-age')
  })

  it("FLD-02 the application's own answers keep its policies", async () => {
    site = await start()
    const answer = await site.send('/', { headers: navigation })
    expect(answer.body).toBe('theirs')
    expect(answer.headers['content-security-policy']).toContain("form-action 'self'")
    expect(answer.headers['x-frame-options']).toBe('SAMEORIGIN')
    expect(answer.headers['cross-origin-opener-policy']).toBe('same-origin')
  })
})
