import { describe, expect, it } from 'vitest'
import { createVerifiedCache, generationMilliseconds } from '../../src/tokens/verified-cache.js'

const entry = (name: string, tail = name) => ({
  parts: { header: `h-${name}`, payload: `p-${name}`, signature: `${name}${tail.padStart(43, '_')}` },
})

describe('the memory of verified tokens', () => {
  it('finds an entry by all three parts, and no other', () => {
    const cache = createVerifiedCache<ReturnType<typeof entry>>({ maximumEntries: 10 })
    const one = entry('a', 'same')
    cache.set(one, 0)
    expect(cache.get({ ...one.parts }, 1)).toBe(one)
    expect(cache.get({ ...one.parts, header: 'x' }, 1)).toBeUndefined()
    expect(cache.get({ ...one.parts, payload: 'x' }, 1)).toBeUndefined()
    expect(cache.get(entry('b', 'same').parts, 1)).toBeUndefined()
    expect(cache.get(entry('c').parts, 1)).toBeUndefined()
    expect(cache.get({ ...one.parts }, 1)).toBe(one)
  })

  it.each([1, 2, 10, 101])('never holds more than about %i entries, and always the newest', (maximum) => {
    const cache = createVerifiedCache<ReturnType<typeof entry>>({ maximumEntries: maximum })
    for (let count = 0; count < 500; count += 1) {
      const one = entry(`n${count}`)
      cache.set(one, count)
      expect(cache.size).toBeLessThanOrEqual(Math.max(2, maximum))
      expect(cache.get(one.parts, count)).toBe(one)
    }
  })

  it('HLD-24 is bounded by memory too: longer tokens, fewer of them, and never none', () => {
    const few = createVerifiedCache<ReturnType<typeof entry>>({ maximumBytes: 20_000 })
    for (let count = 0; count < 500; count += 1) few.set(entry(`n${count}`), count)
    expect(few.size).toBeGreaterThan(8)
    expect(few.size).toBeLessThan(20)
    for (let count = 0; count < 9; count += 1) {
      const long = { parts: { ...entry(`long${count}`).parts, payload: 'p'.repeat(100_000) } }
      few.set(long, count)
      expect(few.get(long.parts, count)).toBe(long)
      if (count > 2) expect(few.size).toBe(2)
    }
  })

  it('HLD-24 keeps what is asked for while others come and go', () => {
    const cache = createVerifiedCache<ReturnType<typeof entry>>({ maximumEntries: 10 })
    const kept = entry('kept')
    cache.set(kept, 0)
    for (let count = 0; count < 200; count += 1) {
      cache.set(entry(`n${count}`), count)
      expect(cache.get(kept.parts, count)).toBe(kept)
    }
  })

  it('drops what nobody asked for during two generations', () => {
    const cache = createVerifiedCache<ReturnType<typeof entry>>({ maximumEntries: 1000 })
    const idle = entry('idle')
    cache.set(idle, 0)
    cache.set(entry('b'), generationMilliseconds)
    expect(cache.size).toBe(2)
    cache.set(entry('c'), 2 * generationMilliseconds)
    expect(cache.size).toBe(2)
    expect(cache.get(idle.parts, 2 * generationMilliseconds)).toBeUndefined()
  })

  it('deletes that entry only, from either generation, and forgets all when cleared', () => {
    const cache = createVerifiedCache<ReturnType<typeof entry>>({ maximumEntries: 4 })
    const [one, two, twin] = [entry('one'), entry('two', 'x'), entry('twin', 'x')]
    cache.set(one, 0)
    cache.set(two, 0)
    cache.delete(twin)
    expect(cache.get(two.parts, 0)).toBe(two)
    cache.set(entry('three'), 0)
    cache.delete(one)
    cache.delete(two)
    expect(cache.get(one.parts, 0)).toBeUndefined()
    expect(cache.get(two.parts, 0)).toBeUndefined()
    expect(cache.size).toBe(1)
    cache.clear()
    expect(cache.size).toBe(0)
  })
})
