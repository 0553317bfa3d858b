import { describe, expect, it } from 'vitest'
import { memoryStore, type Store, StoreUnavailableError } from '../../src/index.js'
import { createTakeOnce } from '../../src/saml/once.js'

const now = Date.UTC(2026, 0, 15)
const message = {
  kind: 'logout',
  issuer: 'https://id.example',
  id: '_1',
  expiresAt: now + 300_000,
  now,
  skew: 0,
}

/** A store of which some methods do their work, and their answer is lost. */
function createLossy() {
  const memory = memoryStore({ clock: () => now })
  const lost = new Set<string>()
  const away = new Set<string>()
  const store = new Proxy(memory, {
    get(target, name, receiver) {
      const found = Reflect.get(target, name, receiver) as unknown
      if (typeof found !== 'function') return found
      return (...given: unknown[]) => {
        if (away.has(String(name))) throw new StoreUnavailableError('away')
        const result: unknown = Reflect.apply(found, target, given)
        if (lost.has(String(name))) throw new StoreUnavailableError('lost')
        return result
      }
    },
  }) as Store
  return { store, lost, away }
}
const unavailable = { code: 'store-unavailable' }
const done = async () => 'done'
const failing = async () => {
  throw new StoreUnavailableError('away')
}

describe('FLD-06 a message that could not be carried out can be sent again unchanged, at once', () => {
  it('where it could not be given back', async () => {
    const { store, away } = createLossy()
    const takeOnce = createTakeOnce(store)
    away.add('abandon')
    await expect(takeOnce(message, failing)).rejects.toMatchObject(unavailable)
    await expect(takeOnce(message, failing)).rejects.toMatchObject(unavailable)
    away.clear()
    expect(await takeOnce(message, done)).toBe('done')
    await expect(takeOnce(message, done)).rejects.toMatchObject({ problem: 'replay' })
  })

  it('where nothing was heard of the claim', async () => {
    const { store, lost } = createLossy()
    const takeOnce = createTakeOnce(store)
    lost.add('claim')
    await expect(takeOnce(message, done)).rejects.toMatchObject(unavailable)
    lost.clear()
    expect(await takeOnce(message, done)).toBe('done')
  })

  it('where nobody can say that it is done', async () => {
    const takeOnce = createTakeOnce(createLossy().store)
    expect(
      await takeOnce(
        message,
        async () => 'unfinished',
        () => false,
      ),
    ).toBe('unfinished')
    expect(await takeOnce(message, done)).toBe('done')
  })

  it('and not where it was carried out, whatever the store does then', async () => {
    const { store, lost, away } = createLossy()
    const takeOnce = createTakeOnce(store)
    await takeOnce(message, done)
    for (const method of ['claim', 'abandon']) {
      lost.add(method)
      away.add(method)
      await takeOnce(message, done).catch(() => undefined)
      lost.clear()
      away.clear()
      await expect(takeOnce(message, done)).rejects.toMatchObject({ problem: 'replay' })
    }
  })

  it('and not by two at once', async () => {
    const { store, away } = createLossy()
    const takeOnce = createTakeOnce(store)
    away.add('abandon')
    await expect(takeOnce(message, failing)).rejects.toMatchObject(unavailable)
    away.clear()
    const results = await Promise.allSettled([takeOnce(message, done), takeOnce(message, done)])
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  })
})
