import { describe, expect, it } from 'vitest'
import { memoryStore, type Store, StoreUnavailableError } from '../../src/index.js'
import { createReplayGuard } from '../../src/saml/replay-guard.js'

const now = Date.UTC(2026, 0, 15)
const message = {
  kind: 'logout',
  issuer: 'https://id.example',
  id: '_1',
  expiresAt: now + 300_000,
  now,
  skew: 0,
}

/** A store of which some methods do their work, and their answer is lost; another instance may share `memory`. */
function createLossy(memory = memoryStore({ clock: () => now })) {
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
    const takeOnce = createReplayGuard(store)
    away.add('abandonClaim')
    await expect(takeOnce(message, failing)).rejects.toMatchObject(unavailable)
    await expect(takeOnce(message, failing)).rejects.toMatchObject(unavailable)
    away.clear()
    expect(await takeOnce(message, done)).toBe('done')
    await expect(takeOnce(message, done)).rejects.toMatchObject({ problem: 'replay' })
  })

  it('where nothing was heard of the claim', async () => {
    const { store, lost } = createLossy()
    const takeOnce = createReplayGuard(store)
    lost.add('claimOnce')
    await expect(takeOnce(message, done)).rejects.toMatchObject(unavailable)
    lost.clear()
    expect(await takeOnce(message, done)).toBe('done')
  })

  it('where nobody can say that it is done', async () => {
    const takeOnce = createReplayGuard(createLossy().store)
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
    const takeOnce = createReplayGuard(store)
    await takeOnce(message, done)
    for (const method of ['claimOnce', 'abandonClaim']) {
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
    const takeOnce = createReplayGuard(store)
    away.add('abandonClaim')
    await expect(takeOnce(message, failing)).rejects.toMatchObject(unavailable)
    away.clear()
    const results = await Promise.allSettled([takeOnce(message, done), takeOnce(message, done)])
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  })
})

describe('HLD-14 a message is taken by one of two instances, although the store erred at its claim', () => {
  /** Work that waits to be told how it ends. */
  function createWork() {
    let resolve: (result: string) => void = () => undefined
    let fail: () => void = () => undefined
    const promise = new Promise<string>((done, failed) => {
      resolve = done
      fail = () => failed(new StoreUnavailableError('away'))
    })
    return { work: () => promise, resolve, fail }
  }

  it('where the claim was another one’s: that is not given back by us', async () => {
    const memory = memoryStore({ clock: () => now })
    const [ours, theirs] = [createLossy(memory), createLossy(memory)]
    const [takeOurs, takeTheirs] = [createReplayGuard(ours.store), createReplayGuard(theirs.store)]
    const { work, resolve } = createWork()
    const taken = takeTheirs(message, work)
    ours.lost.add('claimOnce')
    await expect(takeOurs(message, done)).rejects.toMatchObject(unavailable)
    ours.lost.clear()
    for (let tries = 0; tries < 3; tries += 1) {
      await expect(takeOurs(message, done)).rejects.toMatchObject({ problem: 'replay' })
    }
    resolve('done elsewhere')
    expect(await taken).toBe('done elsewhere')
    await expect(takeOurs(message, done)).rejects.toMatchObject({ problem: 'replay' })
  })

  it('where a claim ran out, and another one has it by the time that the work has failed', async () => {
    let time = now
    const memory = memoryStore({ clock: () => time })
    const [takeOurs, takeTheirs] = [createReplayGuard(memory), createReplayGuard(memory)]
    const [slow, other] = [createWork(), createWork()]
    const failed = takeOurs(message, slow.work)
    time += 31_000
    const taken = takeTheirs({ ...message, now: time }, other.work)
    slow.fail()
    await expect(failed).rejects.toMatchObject(unavailable)
    await expect(takeOurs({ ...message, now: time }, done)).rejects.toMatchObject({ problem: 'replay' })
    other.resolve('done elsewhere')
    expect(await taken).toBe('done elsewhere')
  })

  it('where it could not be given back, and is by now another one’s', async () => {
    let time = now
    const memory = memoryStore({ clock: () => time })
    const ours = createLossy(memory)
    const [takeOurs, takeTheirs] = [createReplayGuard(ours.store), createReplayGuard(memory)]
    ours.away.add('abandonClaim')
    await expect(takeOurs(message, failing)).rejects.toMatchObject(unavailable)
    ours.away.clear()
    await expect(takeTheirs(message, done)).rejects.toMatchObject({ problem: 'replay' })
    time += 31_000
    const { work, resolve } = createWork()
    const taken = takeTheirs({ ...message, now: time }, work)
    await expect(takeOurs({ ...message, now: time }, done)).rejects.toMatchObject({ problem: 'replay' })
    resolve('done elsewhere')
    expect(await taken).toBe('done elsewhere')
  })

  it('of whom one is of a release, or on a store, that knows no owners', async () => {
    const memory = memoryStore({ clock: () => now })
    const ownerless: Store = {
      ...memory,
      claimOnce: (key) => memory.claimOnce(key),
      abandonClaim: (key) => memory.abandonClaim(key),
    }
    const [takeOurs, takeOld] = [createReplayGuard(memory), createReplayGuard(ownerless)]
    const [old, ours] = [createWork(), createWork()]
    const takenOld = takeOld(message, old.work)
    await expect(takeOurs(message, done)).rejects.toMatchObject({ problem: 'replay' })
    old.fail()
    await expect(takenOld).rejects.toMatchObject(unavailable)
    const taken = takeOurs(message, ours.work)
    await expect(takeOld(message, done)).rejects.toMatchObject({ problem: 'replay' })
    await expect(takeOld(message, done)).rejects.toMatchObject({ problem: 'replay' })
    ours.resolve('done')
    expect(await taken).toBe('done')
  })
})
