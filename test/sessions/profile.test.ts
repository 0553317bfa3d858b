import { beforeEach, describe, expect, it, vi } from 'vitest'
import { resolveOptions } from '../../src/config/resolve.js'
import {
  memoryStore,
  type ProfileSources,
  type ReleaseProfile,
  StoreUnavailableError,
  type SuiteOptions,
} from '../../src/index.js'
import { applicationsOf } from '../../src/sessions/applications.js'
import { required } from '../config/given.js'
import { createSamlWorld, urlOf } from '../saml/world.js'
import { perFile } from '../support/per-file.js'
import { createWorld, type World } from '../support/world.js'

const url = 'https://benefits.citizen.example'
const own = { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', 'sec-fetch-site': 'same-origin' }
const applications = [
  { name: 'Benefits', url: `${url}/` },
  { name: 'Library', url: 'https://library.citizen.example/' },
]

let profile: ReleaseProfile
let isAway = false
beforeEach(() => {
  profile = () => ({ name: 'Ana' })
  isAway = false
})

/** One for all: keys cost more than everything else. */
const worldOfFile = perFile(() =>
  createWorld({
    applications: {
      benefits: { profile: (...given) => profile(...given), header: { applications } },
      library: {},
    },
    store: (clock) => {
      const store = memoryStore({ clock })
      const read = async (address: Parameters<typeof store.read>[0]) => {
        if (isAway) throw new StoreUnavailableError('it is away')
        return store.read(address)
      }
      return { ...store, read }
    },
  }),
)

async function ask(world: World, path: string, headers: Record<string, string>, name = 'benefits') {
  const application = world.application(name)
  const request = new Request(`${application.url}/session/${path}`, { headers })
  const response = await application.handle(request)
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, body: JSON.parse(text || 'null') }
}

/** Somebody whose session has begun, as a script of a page that is theirs. */
async function arrive(world: World, name = 'benefits'): Promise<Record<string, string>> {
  const headers = { ...own, cookie: await world.emulator.cookiesFor('ana') }
  const application = world.application(name)
  await application.handle(new Request(`${application.url}/private`, { headers }))
  return headers
}

describe('GET profile', () => {
  it('tells what the application releases, and nothing else', async () => {
    profile = ({ sub }) => ({ name: 'Ana Archer', number: 7, short: sub.slice(0, 2) })
    const world = await worldOfFile()
    const ana = await arrive(world)
    const { status, headers, body } = await ask(world, 'profile', ana)
    const { person } = (await ask(world, 'status', ana)).body
    const short = world.emulator.people[0]?.sub.slice(0, 2)
    expect([status, body]).toEqual([200, { person, profile: { name: 'Ana Archer', number: 7, short } }])
    expect(Object.fromEntries(headers)).toEqual({
      'content-type': 'application/json',
      'cache-control': 'private, no-store',
      'cross-origin-resource-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
    })
  })

  it('releases nothing without the option, and where that returns nothing', async () => {
    const world = await worldOfFile()
    const without = await ask(world, 'profile', await arrive(world, 'library'), 'library')
    expect([without.status, without.body.profile]).toEqual([200, {}])
    for (const nothing of [() => undefined, async () => null]) {
      profile = nothing
      const { status, body } = await ask(world, 'profile', await arrive(world))
      expect([status, body.profile]).toEqual([200, {}])
    }
  })

  it('never counts as activity', async () => {
    const world = await worldOfFile()
    const ana = await arrive(world)
    const seen = async () => (await ask(world, 'status', ana)).body.session.lastSeenAt
    const before = await seen()
    world.travel(300)
    const { headers } = await ask(world, 'profile', ana)
    expect([headers.getSetCookie(), await seen()]).toEqual([[], before])
    world.travel(301)
    expect(await ask(world, 'profile', ana)).toMatchObject({ status: 401, body: { reason: 'idle-timeout' } })
  })

  it('tells nobody (401) from an outage (503), and releases nothing in either', async () => {
    const world = await worldOfFile()
    const ana = await arrive(world)
    const nobody = await ask(world, 'profile', own)
    const signIn = { code: 'login-required', reason: 'not-signed-in', login: '/session/login' }
    expect([nobody.status, nobody.body]).toEqual([401, expect.objectContaining(signIn)])
    const ben = { ...own, cookie: await world.emulator.cookiesFor('ben', { level: 'password' }) }
    const halfway = await ask(world, 'profile', ben)
    expect([halfway.status, halfway.body.code]).toEqual([401, 'second-factor-required'])
    isAway = true
    const outage = await ask(world, 'profile', ana)
    expect([outage.status, outage.body.reason, outage.headers.get('retry-after')]).toEqual([
      503,
      'store',
      '5',
    ])
    for (const { headers, text } of [nobody, halfway, outage]) {
      expect([headers.get('cache-control'), text.includes('Ana')]).toEqual(['private, no-store', false])
    }
  })

  it.each([
    ['another site', { 'sec-fetch-site': 'cross-site' }],
    ['a sibling application', { 'sec-fetch-site': 'same-site' }],
    ['another site, by its origin', { 'sec-fetch-site': undefined, origin: 'https://evil.example' }],
  ])('releases nothing to a request of %s, and does not ask the application', async (_, foreign) => {
    let asked = 0
    profile = () => ({ asked: ++asked })
    const world = await worldOfFile()
    const given = Object.entries({ ...(await arrive(world)), ...foreign })
    const headers = given.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))
    const { status, body } = await ask(world, 'profile', Object.fromEntries(headers))
    expect([status, body.code, asked]).toEqual([403, 'foreign-request', 0])
  })

  const secret = 'Ana lives in Elm Street'
  it.each<[string, ReleaseProfile, object]>([
    [
      'what it throws',
      () => {
        throw new TypeError(secret)
      },
      { problem: 'thrown', error: 'TypeError' },
    ],
    ['what it rejects with', async () => Promise.reject(secret), { problem: 'thrown', error: 'unknown' }],
    ['a list', () => [secret] as never, { problem: 'not-an-object' }],
    ['a text', () => secret as never, { problem: 'not-an-object' }],
    ['a function', () => (() => secret) as never, { problem: 'not-an-object' }],
    ['more than 4 KiB', () => ({ secret, more: 'é'.repeat(2048) }), { problem: 'too-large' }],
    ['what is no JSON', () => ({ secret, number: 7n }), { problem: 'thrown', error: 'TypeError' }],
  ])('answers %s with 500 and an event, and leaks nothing of it', async (_, failing, expected) => {
    profile = failing
    const world = await worldOfFile()
    const { events } = world.application('benefits')
    events.length = 0
    const { status, headers, body, text } = await ask(world, 'profile', await arrive(world))
    const noStore = headers.get('cache-control')
    expect([status, body.code, noStore]).toEqual([500, 'profile-failed', 'private, no-store'])
    const told = events.filter(({ type }) => type === 'profile.failed')
    const common = { type: 'profile.failed', at: world.now(), application: 'benefits' }
    expect(told).toEqual([{ ...common, ...expected, publicId: expect.any(String) }])
    expect(`${text}${JSON.stringify(told)}`).not.toContain('Elm Street')
  })

  it('waits for the application as long as a header waits for us, and no longer', async () => {
    profile = () => new Promise(() => {})
    const world = await worldOfFile()
    const { events } = world.application('benefits')
    const headers = await arrive(world)
    events.length = 0
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const asking = ask(world, 'profile', headers)
      await vi.waitFor(() => expect(vi.getTimerCount()).toBe(1), { interval: 1 })
      await vi.advanceTimersByTimeAsync(4000)
      const { status, body } = await asking
      expect([status, body.code, body.reason]).toEqual([500, 'profile-failed', 'timeout'])
    } finally {
      vi.useRealTimers()
    }
    expect(events.filter(({ type }) => type === 'profile.failed')).toMatchObject([{ problem: 'timeout' }])
  })

  it('sends 4 KiB whole, and letters of every script', async () => {
    const released = { name: 'Zoë \u2028 </script>', more: '' }
    released.more = 'x'.repeat(4096 - Buffer.byteLength(JSON.stringify(released)))
    profile = () => released
    const world = await worldOfFile()
    expect((await ask(world, 'profile', await arrive(world))).body.profile).toEqual(released)
  })

  it('hands the attributes of SAML to the application, where the session keeps them as its texts', async () => {
    const given: ProfileSources[] = []
    profile = (_claims, sources) => {
      given.push(sources)
      return { name: sources.attributes.displayName?.[0] }
    }
    const suite: SuiteOptions = { profile: (...parts) => profile(...parts) }
    const world = await createSamlWorld({
      benefits: { suite },
      permits: { suite, saml: { claims: () => ({ attributes: { displayName: 'Ana' } }) } },
    })
    const browser = world.browser()
    for (const name of ['benefits', 'permits']) await world.signIn(browser, name)
    const released = async (name: string) =>
      (await (await browser.fetch(`${urlOf(name)}/session/profile`)).json()) as { readonly profile: object }
    expect((await released('benefits')).profile).toEqual({ name: 'Ana Archer' })
    expect((await released('permits')).profile).toEqual({})
    expect(given).toMatchObject([
      { userInfo: undefined, attributes: { displayName: ['Ana Archer'] } },
      { userInfo: undefined, attributes: {} },
    ])
  })
})

describe('GET applications', () => {
  it('tells everybody, to be kept for a while, which there are and which this one is', async () => {
    const world = await worldOfFile()
    const { status, headers, body } = await ask(world, 'applications', {})
    const [benefits, library] = applications
    const listed = [
      { ...benefits, isCurrent: true },
      { ...library, isCurrent: false },
    ]
    expect([status, body]).toEqual([
      200,
      { domain: 'citizen.example', name: 'Benefits', applications: listed },
    ])
    expect(Object.fromEntries(headers)).toEqual({
      'content-type': 'application/json',
      'cache-control': 'public, max-age=300',
      'cross-origin-resource-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
      etag: expect.stringMatching(/^"[\w-]{22}"$/),
    })
    const again = await ask(world, 'applications', { 'if-none-match': headers.get('etag') ?? '' })
    expect([again.status, again.text]).toEqual([304, ''])
  })

  it('has the name of the application where nothing else is known', async () => {
    const expected = { domain: 'citizen.example', name: 'library.citizen.example', applications: [] }
    expect((await ask(await worldOfFile(), 'applications', {}, 'library')).body).toEqual(expected)
  })

  it.each([
    ['at its own address', undefined, ['https://benefits.example.gov/', 'https://a.example.gov/'], 0],
    ['nowhere among others', undefined, ['https://a.example.gov/', 'https://b.example.gov/x'], -1],
    [
      'by the page where it begins',
      undefined,
      ['https://a.example.gov/', 'https://benefits.example.gov/en'],
      1,
    ],
    [
      'not among several further down',
      undefined,
      ['https://benefits.example.gov/a', 'https://benefits.example.gov/b'],
      -1,
    ],
    [
      'below its path, the longest',
      '/app',
      ['https://benefits.example.gov/', 'https://benefits.example.gov/app'],
      1,
    ],
    ['not at a path that only begins alike', '/application', ['https://benefits.example.gov/app'], -1],
    ['at an address with a query', undefined, ['https://benefits.example.gov/?from=header'], 0],
  ])('finds this one %s', (_, path, urls, index) => {
    const options = resolveOptions(
      {
        ...required,
        application: { ...required.application, path },
        header: { applications: urls.map((each) => ({ name: each, url: each })) },
      },
      {},
    )
    expect(applicationsOf(options).applications.findIndex(({ isCurrent }) => isCurrent)).toBe(index)
  })
})
