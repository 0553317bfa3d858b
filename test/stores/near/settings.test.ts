/** @module Where near reads are asked for, and what is said where they cannot be. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { reportNearReads } from '../../../src/compose/near-events.js'
import {
  type CitizenEvent,
  createSuite,
  memoryStore,
  type Store,
  type SuiteOptions,
} from '../../../src/index.js'
import { openRedisStore } from '../../../src/redis.js'
import type { NearWatcher } from '../../../src/stores/near-reads.js'
import { nearSettings } from '../../../src/stores/redis/near/options.js'

const closing: { close(): Promise<unknown> }[] = []
afterEach(async () => {
  for (const each of closing.splice(0)) await each.close()
})

describe('the settings of a store', () => {
  it('HLD-20 are off unless asked for', () => {
    expect([nearSettings(undefined), nearSettings(false)]).toEqual([undefined, undefined])
    expect(nearSettings(true)).toEqual({ maximumEntries: 100_000, staleMilliseconds: 1000 })
    expect(nearSettings({ staleMilliseconds: 50 })).toMatchObject({ staleMilliseconds: 50 })
    expect(nearSettings({ maximumEntries: 2 })).toMatchObject({ maximumEntries: 2 })
  })

  it.each([
    [{ staleMilliseconds: 49 }, 'near.staleMilliseconds is a whole number from 50 to 60000'],
    [{ staleMilliseconds: 60_001 }, 'near.staleMilliseconds'],
    [{ staleMilliseconds: '1000' }, 'near.staleMilliseconds'],
    [{ staleMilliseconds: Number.NaN }, 'near.staleMilliseconds'],
    [{ staleMilliseconds: 100.5 }, 'near.staleMilliseconds'],
    [{ maximumEntries: 1 }, 'near.maximumEntries is a whole number from 2'],
    [{ maximumEntries: Number.POSITIVE_INFINITY }, 'near.maximumEntries'],
    [{ staleSeconds: 1 }, '"staleSeconds"'],
    ['true', 'near is true, false, or { maximumEntries, staleMilliseconds }'],
    [1, 'near is true'],
    [null, 'near is true'],
  ])('HLD-20 refuses %j, and says what to write', (near, message) => {
    expect(() => Reflect.apply(openRedisStore, undefined, ['redis://127.0.0.1:1', { near }])).toThrow(
      expect.objectContaining({ name: 'TypeError', message: expect.stringContaining(message) }),
    )
  })
})

/** Nothing listens there: nothing but the settings is looked at. */
const address = 'redis://127.0.0.1:1'

function suiteWith(
  given: Pick<SuiteOptions, 'store' | 'revocations' | 'storeNear'>,
  environment: Readonly<Record<string, string>> = {},
) {
  const events: CitizenEvent[] = []
  const suite = createSuite(
    {
      identityProvider: { url: 'https://id.example.gov' },
      sharedCookie: { domain: 'example.gov' },
      application: {
        id: 'benefits',
        url: 'https://benefits.example.gov',
        secrets: ['a secret of thirty-two bytes or more'],
      },
      onEvent: (event) => events.push(event),
      ...given,
    },
    environment,
  )
  closing.push(suite)
  const warnings = () => events.flatMap((event) => (event.type === 'warning' ? [event] : []))
  return { suite, unused: () => warnings().find(({ code }) => code === 'near-unused')?.message }
}

describe('a suite', () => {
  const near = () => {
    const store = openRedisStore(address, { near: true })
    closing.push(store)
    return store
  }
  const withoutNear = (): Store => {
    const store = openRedisStore(address)
    closing.push(store)
    return store
  }

  it.each<[string, Pick<SuiteOptions, 'store' | 'revocations' | 'storeNear'>, Record<string, string>]>([
    ['nothing is asked for', { store: address }, {}],
    ['the address asks for it', { store: `${address}?near=true` }, {}],
    ['the variable does', {}, { CITIZEN_STORE_URL: address, CITIZEN_STORE_NEAR: 'true' }],
    ['the variable says no', {}, { CITIZEN_STORE_NEAR: 'false' }],
    ['the address says no', { store: `${address}?near=false`, storeNear: true }, {}],
    ['revocations have it too', { store: address, revocations: 'redis://127.0.0.1:2', storeNear: true }, {}],
  ])('HLD-20 says nothing where %s', async (_what, given, environment) => {
    const { unused } = suiteWith(given, environment)
    expect(unused()).toBeUndefined()
  })

  it('HLD-20 warns where it changes nothing, and says what happens instead', () => {
    expect(suiteWith({ storeNear: true }).unused()).toContain('changes nothing for the store in memory')
    const own = memoryStore()
    closing.push(own)
    expect(suiteWith({ store: own, storeNear: true }).unused()).toContain('each request reads the store')
    expect(suiteWith({ store: withoutNear(), storeNear: true }).unused()).toContain('near: true')
    expect(suiteWith({ store: near(), storeNear: true }).unused()).toBeUndefined()
  })

  it('HLD-20 warns where a store for revocations is read by each request all the same', () => {
    const given = { store: near(), revocations: withoutNear() }
    expect(suiteWith(given).unused()).toContain('CITIZEN_REVOCATIONS_URL')
    expect(suiteWith({ store: `${address}?near=true`, revocations: `${address}5` }).unused()).toContain(
      'revocations has none',
    )
    expect(suiteWith({ store: near(), revocations: near() }).unused()).toBeUndefined()
  })

  it.each(['yes', '1', 'TRUE', 'on'])('HLD-20 refuses the variable %s', (value) => {
    expect(() => suiteWith({ store: address }, { CITIZEN_STORE_NEAR: value })).toThrow(
      expect.objectContaining({
        code: 'configuration',
        message: expect.stringContaining('storeNear (CITIZEN_STORE_NEAR): write true or false'),
      }),
    )
  })
})

it('HLD-20 a loss is told once for each reason, and that it is over once', () => {
  const report = vi.fn()
  let watcher: NearWatcher | undefined
  const store: Store = {
    ...memoryStore(),
    near: {
      isProven: false,
      read: () => undefined,
      isUnrevoked: () => false,
      watch(given) {
        watcher = given
        return () => {
          watcher = undefined
        }
      },
    },
  }
  const stop = reportNearReads([store, undefined], report)
  watcher?.restored?.()
  expect(report).not.toHaveBeenCalled()
  for (const reason of ['unheard', 'unheard', 'connection', 'connection', 'unheard'] as const)
    watcher?.lost?.({ reason, message: 'why' })
  watcher?.restored?.()
  watcher?.restored?.()
  watcher?.lost?.({ reason: 'unheard', message: 'why' })
  expect(report.mock.calls.map(([event]) => event.reason ?? event.type)).toEqual([
    'unheard',
    'connection',
    'unheard',
    'store.near-restored',
    'unheard',
  ])
  stop()
  expect(watcher).toBeUndefined()
})
