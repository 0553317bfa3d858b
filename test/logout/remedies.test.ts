import { describe, expect, it } from 'vitest'
import { resolveOptions } from '../../src/config/resolve.js'
import { warningsOf } from '../../src/config/warnings.js'
import { memoryStore } from '../../src/index.js'
import { base, createWorld, optionsOf, shown } from '../support/world.js'

const benefits = `https://benefits.${base}`
const names = ['c1_header', 'c1_payload', 'c1_signature']
const navigation = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', accept: 'text/html' }

/** Somebody is signed in, and a sibling has planted the cookies of somebody else for a part of the application. */
async function planted(attributes: string) {
  const world = await createWorld()
  const browser = world.browser()
  await world.signIn(browser, 'benefits')
  const token = await world.emulator.tokenFor('ben')
  const parts = token.split('.')
  for (const [index, name] of names.entries()) {
    await browser.jar.setCookie(`${name}=${parts[index]}; ${attributes}; Secure`, `${benefits}/private/x/y`)
  }
  return { world, browser }
}

describe('HLD-11 every remedy that a page offers works', () => {
  it.each([
    `Domain=${base}; Path=/private`,
    `Domain=${base}; Path=/private/`,
    `Domain=benefits.${base}; Path=/private`,
    'Path=/private',
    `Domain=${base}; Path=/private/x`,
    `Domain=benefits.${base}; Path=/private/x/y`,
    `Domain=benefits.${base}; Path=/private/x/`,
    `Domain=${base}; Path=/session`,
    `Domain=benefits.${base}; Path=/session/return`,
    'Path=/session/login',
    `Domain=benefits.${base}; Path=/`,
  ])(
    'HLD-11 CK-06 "Sign out everywhere and sign in again" rids the browser of cookies with %s',
    async (attributes) => {
      const { browser } = await planted(attributes)
      const path =
        /Path=(\/session\/\w+)/.exec(attributes)?.[1] ??
        (attributes.includes('/session') ? '/session/x' : '/private/x/y')
      const seen = async () =>
        (await browser.jar.getCookies(`${benefits}${path}`)).filter(({ key }) => names.includes(key))
      expect(await seen()).toHaveLength(6)
      const seenAt = { seenAt: path, next: 'login', returnTo: '/private' }
      const page = await browser.post(`${benefits}/session/logout`, seenAt)
      expect(page.body).toContain('<form')
      expect(await seen()).toHaveLength(0)
    },
  )

  it('HLD-11 the explaining page asks for what its page has seen, and leads back to it', async () => {
    const { browser } = await planted(`Domain=benefits.${base}; Path=/private`)
    const page = await browser.open(`${benefits}/private?letter=7`)
    expect(page.status).toBe(401)
    expect(page.body).toContain('Your browser sent cookies that do not belong together')
    expect(page.body).toContain('name="seenAt" value="/private"')
    expect(page.body).toContain('name="returnTo" value="/private?letter=7"')
  })

  it('HLD-11 a page that is opened gets rid of likely twins by itself; what the provider sets stays', async () => {
    const { world, browser } = await planted(`Domain=${base}; Path=/private`)
    const ask = async (headers: Record<string, string>) =>
      world.application('benefits').handle(
        new Request(`${benefits}/private`, {
          headers: { cookie: await browser.cookieHeader(`${benefits}/private`), ...headers },
        }),
      )
    const quiets: readonly Record<string, string>[] = [
      { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' },
      { ...navigation, 'sec-fetch-dest': 'iframe' },
      { ...navigation, 'sec-purpose': 'prefetch' },
    ]
    for (const quiet of quiets) {
      expect((await ask(quiet)).headers.getSetCookie()).toEqual([])
    }
    const lines = (await ask(navigation)).headers.getSetCookie()
    expect(lines).toContainEqual(
      expect.stringMatching(/^c1_payload=; Domain=citizen\.example; Path=\/private; .*Max-Age=0/i),
    )
    expect(lines.filter((line) => /Domain=citizen\.example; Path=\/;/i.test(line))).toEqual([])
    expect((await browser.open(`${benefits}/private`)).status).toBe(401)
    expect((await browser.open(`${benefits}/private`)).status).toBe(200)
  })
})

describe('HLD-11 a shared cookie with a narrower path', () => {
  async function narrow() {
    const world = await createWorld({
      applications: { benefits: { sharedCookie: { path: '/app' }, routes: { path: '/app/session' } } },
    })
    const shared = await world.emulator.cookiesFor('ana')
    const ask = (path: string, cookie: string, headers: Record<string, string> = {}) =>
      world
        .application('benefits')
        .handle(new Request(`${benefits}${path}`, { headers: { cookie, ...headers } }))
    const first = await ask('/app/page', shared, { ...navigation, 'sec-fetch-site': 'none' })
    const hint =
      first.headers
        .getSetCookie()
        .find((line) => line.includes('.seen='))
        ?.split(';')[0] ?? ''
    expect(hint).toContain('.seen=')
    return { shared, hint, ask }
  }

  it.each([
    ['/favicon.ico', { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }],
    ['/', navigation],
    ['/application', navigation],
    ['/app-store/page', { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }],
  ])('HLD-11 signs nobody out where the browser does not send it: %s', async (path, headers) => {
    const { shared, hint, ask } = await narrow()
    const outside = await ask(path, hint, { 'sec-fetch-site': 'same-origin', ...headers })
    expect(outside.headers.getSetCookie()).toEqual([])
    expect((await shown(ask('/app/page', `${shared}; ${hint}`))).state).toBe('active')
  })

  it.each(['/app', '/app/page', '/app/'])(
    'HLD-11 but where it does, its absence is a sign-out: %s',
    async (path) => {
      const { shared, hint, ask } = await narrow()
      await ask(path, hint, { 'sec-fetch-site': 'same-origin', ...navigation })
      expect((await shown(ask('/app/page', `${shared}; ${hint}`))).reason).toBe('signed-out')
    },
  )

  it('HLD-11 must cover our own routes, or a warning says that no login comes back with it', async () => {
    const world = await createWorld()
    const parts = { emulator: world.emulator, clock: world.now, store: memoryStore() }
    const warned = (path: string) => {
      const options = optionsOf('library', parts, { sharedCookie: { path: '/app' }, routes: { path } })
      return warningsOf(resolveOptions(options, {}), {}).map(({ code }) => code)
    }
    expect(warned('/session')).toContain('routes-outside-cookie')
    expect(warned('/application')).toContain('routes-outside-cookie')
    expect(warned('/app/session')).not.toContain('routes-outside-cookie')
  })
})
