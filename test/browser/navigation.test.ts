/** @module Where the browser client may lead: only where the server's checked answer says. */
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { askSignOut } from '../../src/browser/session-api.js'
import { isAddress, isOwnPath } from '../../src/browser/status.js'
import { form, ownScript } from '../adapters/site.js'
import { createWorld, serve, type World } from '../support/world.js'

afterEach(() => vi.unstubAllGlobals())

const foreign: readonly unknown[] = [
  'javascript:alert(1)',
  'JaVaScRiPt:alert(1)',
  ' javascript:alert(1)',
  'java\tscript:alert(1)',
  'data:text/html,x',
  'blob:https://a.example/1',
  '//evil.example',
  '/\\evil.example',
  '/\t/evil.example',
  '/\n/evil.example',
  '\\\\evil.example',
  'https:evil.example',
  'https:///evil.example',
  'https://evil.example\n',
  'evil.example',
  '',
  undefined,
  null,
  7,
  {},
  [],
]

describe('HLD-22 the browser client', () => {
  it.each(foreign)('does not take %j for an address', (value) => {
    expect(isAddress(value)).toBe(false)
    expect(isOwnPath(value)).toBe(false)
  })

  it.each(['/', '/a?b=c#d', '/%2F/x', 'https://id.example/logout?a=b', 'http://id.localhost:8080/'])(
    'follows %s',
    (value) => {
      expect(isAddress(value)).toBe(true)
      expect(isOwnPath(value)).toBe(value.startsWith('/'))
    },
  )

  it.each<[string, unknown, string]>([
    ['nothing', {}, '/session/login'],
    [
      'the provider',
      { continueAt: 'https://id.example/logout', returnTo: '/bye' },
      'https://id.example/logout',
    ],
    ['a checked way back', { returnTo: '/bye' }, '/bye'],
    ['a script', { continueAt: 'javascript:alert(1)' }, '/session/login'],
    ['no text', { continueAt: {}, returnTo: 7 }, '/session/login'],
  ])(
    'where the answer names %s, goes on to what was named or to the login',
    async (_, answer, destination) => {
      vi.stubGlobal('fetch', async () => Response.json(answer))
      expect(await askSignOut('/session', { returnTo: 'https://evil.example/' })).toBe(destination)
    },
  )
})

describe('HLD-22 the receipt of a sign-out by a script', () => {
  const url = 'https://benefits.citizen.example'
  let world: World
  beforeAll(async () => {
    world = await createWorld()
  })
  const signOut = async (scope: string, returnTo: string) => {
    const { suite } = world.application('benefits')
    const headers = { ...ownScript, cookie: await world.emulator.cookiesFor('ana') }
    await serve(suite, new Request(`${url}/private`, { headers }))
    const body = new URLSearchParams({ scope, returnTo })
    const request = new Request(`${url}/session/logout`, {
      method: 'POST',
      body,
      headers: { ...headers, ...form },
    })
    return (await (await serve(suite, request)).json()) as { returnTo?: string; continueAt?: string }
  }

  it.each<[string, string, string | undefined]>([
    ['application', '/bye', '/bye'],
    ['application', 'https://evil.example/phish', undefined],
    ['application', 'javascript:alert(1)', undefined],
    ['application', '//evil.example', undefined],
  ])('of scope %s with the way back %s names %s', async (scope, wish, named) => {
    expect((await signOut(scope, wish)).returnTo).toBe(named)
  })

  it('names no way back while the provider is still to be visited', async () => {
    const receipt = await signOut('everywhere', '/bye')
    expect(receipt.returnTo).toBe(undefined)
    expect(receipt.continueAt).toBeDefined()
  })
})
