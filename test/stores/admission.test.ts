/** @module Admission: an id belongs to one application, and is given back by the last instance that stops in order. */
import { expect, it, vi } from 'vitest'
import { StoreUnavailableError } from '../../src/errors.js'
import { createAdmission } from '../../src/stores/admission.js'
import { memoryStore } from '../../src/stores/memory/store.js'
import type { Store } from '../../src/stores/store.js'

const here = { id: 'benefits', url: 'https://benefits.example.gov' }
const elsewhere = { id: 'benefits', url: 'https://permits.example.gov' }

/** A store that several processes would share, on a clock that the test moves. */
function sharedStore(changes: Partial<Store> = {}) {
  let now = 1_800_000_000_000
  const store: Store = { ...memoryStore({ clock: () => now }), isShared: true, ...changes }
  const travel = (seconds: number): void => {
    now += seconds * 1000
  }
  return { store, travel }
}

it('FLD-09 a refusal names the other origin, and how long to wait', async () => {
  const { store, travel } = sharedStore()
  await createAdmission(store, here).request()
  travel(40)
  await expect(createAdmission(store, elsewhere).request()).rejects.toMatchObject({
    code: 'application-id-taken',
    message: expect.stringMatching(
      /https:\/\/benefits\.example\.gov uses the id "benefits".*CITIZEN_APPLICATION_ID.*stopped in order, else in 140 s/,
    ),
  })
})

it('FLD-09 a refusal by a store of the same process says the same, at once', () => {
  const store = memoryStore()
  createAdmission(store, here)
  expect(() => createAdmission(store, elsewhere)).toThrow(/benefits\.example\.gov.*in 180 s/)
})

it('a store that says no more than no is believed', async () => {
  const { store } = sharedStore({ register: async () => false })
  await expect(createAdmission(store, here).request()).rejects.toMatchObject({ code: 'application-id-taken' })
})

it('an id is free at once when the last of its instances has stopped in order', async () => {
  const { store } = sharedStore()
  const [one, other, next] = [here, here, elsewhere].map((application) => createAdmission(store, application))
  await one?.request()
  await other?.request()
  await one?.close()
  await expect(next?.request()).rejects.toMatchObject({ code: 'application-id-taken' })
  await other?.close()
  await next?.request()
})

it('an end waits for a renewal that is under way, which would take the id again', async () => {
  vi.useFakeTimers()
  const waiting: (() => void)[] = []
  const inner = memoryStore()
  const { store } = sharedStore({
    register: async (...given) => {
      if (waiting.length === 0) waiting.push(() => undefined)
      else await new Promise<void>((resolve) => void waiting.push(resolve))
      return inner.register(...given)
    },
    deregister: inner.deregister,
  })
  const admission = createAdmission(store, here)
  await admission.request()
  vi.advanceTimersByTime(60_000)
  expect(waiting).toHaveLength(2)
  const closed = admission.close()
  waiting[1]?.()
  await closed
  expect(inner.register(elsewhere.id, elsewhere.url, 180, 'next')).toBe(true)
  vi.useRealTimers()
})

it('whoever is still served after the end asks again each time, so that it never uses the id of another', async () => {
  const { store } = sharedStore()
  const admission = createAdmission(store, here)
  await admission.request()
  await admission.close()
  expect(admission.isGranted).toBe(false)
  await createAdmission(store, elsewhere).request()
  await expect(admission.request()).rejects.toMatchObject({ code: 'application-id-taken' })
})

it('whoever is still served after the end leaves the id free', async () => {
  const { store } = sharedStore()
  const admission = createAdmission(store, here)
  await admission.request()
  await admission.close()
  await admission.request()
  await createAdmission(store, elsewhere).request()
})

it('an end while the first request still looks at the store leaves the id free', async () => {
  const inspections: ((cautions: []) => void)[] = []
  const { store } = sharedStore({ inspect: () => new Promise((resolve) => void inspections.push(resolve)) })
  const admission = createAdmission(store, here)
  const asked = admission.request()
  await admission.close()
  inspections[0]?.([])
  await asked
  expect(admission.isGranted).toBe(false)
  expect(await store.register(elsewhere.id, elsewhere.url, 180, 'next')).toBe(true)
})

it('an end neither fails nor asks anything where the store is away or was never asked', async () => {
  const deregister = vi.fn(async () => {
    throw new StoreUnavailableError('away')
  })
  const { store } = sharedStore({ deregister })
  const admission = createAdmission(store, here)
  await admission.close()
  expect(deregister).not.toHaveBeenCalled()
  await admission.request()
  await admission.close()
  expect(deregister).toHaveBeenCalled()
})
