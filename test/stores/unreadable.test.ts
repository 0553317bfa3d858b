/** @module What reaches a store: whoever reads it learns no name, no claim and no token, and nothing that opens a session. */
import { expect, it } from 'vitest'
import type { Emulator } from '../../src/emulator/index.js'
import { memoryStore, type Store } from '../../src/index.js'
import { createOidcWorld, urlOf as oidcUrlOf } from '../oidc/world.js'
import { createSamlWorld, urlOf as samlUrlOf } from '../saml/world.js'
import type { Browser } from '../support/browser.js'
import { createWorld } from '../support/world.js'

/** Makes stores that write down, call by call, what they are given and what they answer. */
function watching(): { readonly store: (clock: () => number) => Store; readonly seen: string[] } {
  const seen: string[] = []
  const store = (clock: () => number): Store =>
    new Proxy(memoryStore({ clock }), {
      get(target, name) {
        const member: unknown = Reflect.get(target, name)
        if (typeof member !== 'function') return member
        return (...given: readonly unknown[]) => {
          const answer: unknown = Reflect.apply(member, target, given)
          seen.push(JSON.stringify([name, given, answer instanceof Promise ? undefined : answer]))
          return answer
        }
      },
    })
  return { store, seen }
}

/** The world of one way to sign in, and what it hands out besides cookies. */
interface Way {
  readonly emulator: Emulator
  readonly browser: Browser
  readonly url: string
  readonly travel: (seconds: number) => void
  readonly signIn: () => Promise<unknown>
  readonly handedOut?: () => readonly string[]
}

const ways: Readonly<Record<string, (store: (clock: () => number) => Store) => Promise<Way>>> = {
  async 'the shared cookie'(store) {
    const world = await createWorld({ store, emulator: { tokenSeconds: 600 } })
    const { emulator, travel } = world
    const browser = world.browser()
    const { url } = world.application('benefits')
    return { emulator, browser, url, travel, signIn: () => world.signIn(browser, 'benefits') }
  },
  async 'OpenID Connect'(store) {
    const world = await createOidcWorld({ benefits: { oidc: { userInfo: 'always' } } }, { store })
    const { emulator, called, travel } = world
    const browser = world.browser()
    const handedOut = () => {
      const forms = called.map(({ body }) => new URLSearchParams(body))
      return forms.flatMap((form) => ['code', 'refresh_token', 'token'].flatMap((name) => form.getAll(name)))
    }
    const signIn = () => world.signIn(browser, 'benefits')
    return { emulator, browser, url: oidcUrlOf('benefits'), travel, signIn, handedOut }
  },
  async SAML(store) {
    const world = await createSamlWorld({ benefits: {} }, { store })
    const { emulator, travel } = world
    const browser = world.browser()
    const signIn = () => world.signIn(browser, 'benefits')
    return { emulator, browser, url: samlUrlOf('benefits'), travel, signIn }
  },
}

/** What stands in a text that is only encoded. */
const readingsOf = (text: string): readonly string[] =>
  [...text.matchAll(/[\w-]{20,}/g)].map(([word]) => Buffer.from(word, 'base64url').toString('latin1'))

it.each(Object.keys(ways))('a store learns nothing of a person, a token or a cookie: %s', async (name) => {
  const { store, seen } = watching()
  const way = await ways[name]?.(store)
  if (way === undefined) throw new Error(`no way ${name}`)
  const { browser, url } = way
  const secrets: string[] = []
  const hold = async () => {
    const pairs = (await browser.cookieHeader(url)).split('; ')
    secrets.push(...pairs.map((pair) => pair.slice(pair.indexOf('=') + 1)))
  }
  await way.signIn()
  await hold()
  way.travel(500)
  await browser.open(`${url}/private`)
  await hold()
  await browser.press(await browser.open(`${url}/session/logout`), /^Sign out/)
  secrets.push(...(way.handedOut?.() ?? []))

  const person = way.emulator.people.find(({ username }) => username === 'ana')
  const known = Object.values(person ?? {}).filter((value) => typeof value === 'string' && value.length > 4)
  expect(known.length).toBeGreaterThan(1)
  expect(secrets.length).toBeGreaterThan(1)
  const text = seen.flatMap((each) => [each, ...readingsOf(each)]).join('\n')
  expect(text).toContain('benefits')
  const told = [...known, ...secrets.filter((secret) => secret.length > 8)].map(String)
  expect(told.filter((each) => text.includes(each))).toEqual([])
  expect(text).not.toMatch(/eyJ[\w-]{10,}\.eyJ/)
})
