/** @module The lock under which the tokens of a session are written. */
import { afterEach, expect, it, vi } from 'vitest'
import { type Store, StoreUnavailableError } from '../../src/index.js'
import { createTokenVault } from '../../src/protocol-sessions/token-vault.js'
import type { Lifecycle } from '../../src/sessions/lifecycle.js'
import { memoryStore } from '../../src/stores/memory/store.js'

const address = { person: 'ana', session: 'a', application: 'benefits' }

/** A vault, and the clock of its store. */
function createPlace(change: (store: Store) => Partial<Store> = () => ({})) {
  let now = Date.UTC(2026, 0, 15, 12)
  const clock = () => now
  const plain = memoryStore({ clock })
  const vault = createTokenVault({
    store: { ...plain, ...change(plain) },
    lifecycle: {} as Lifecycle,
    sealer: { seal: (_purpose, _place, text) => text, open: (_purpose, _place, text) => text },
    report: () => undefined,
    clock,
    random: (bytes) => new Uint8Array(bytes),
  })
  return {
    vault,
    travel(seconds: number) {
      now += seconds * 1000
    },
  }
}

afterEach(() => {
  vi.useRealTimers()
})

it('REF-1 is held as long as the write takes: nobody renews the tokens meanwhile', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  const { vault, travel } = createPlace()
  const rival = vi.fn(async () => 'locked too')
  const result = await vault.withTokenLock(address, async () => {
    for (let step = 0; step < 4; step += 1) {
      travel(2)
      await vi.advanceTimersByTimeAsync(2000)
    }
    return vault.withTokenLock(address, rival)
  })
  expect(result).toBeUndefined()
  expect(rival).not.toHaveBeenCalled()
  expect(await vault.withTokenLock(address, rival)).toBe('locked too')
})

it('HLD-07 what was written under it counts, also where it cannot be given back', async () => {
  const { vault } = createPlace(() => ({
    releaseLease() {
      throw new StoreUnavailableError('the store is away')
    },
  }))
  expect(await vault.withTokenLock(address, async () => 'written')).toBe('written')
})
