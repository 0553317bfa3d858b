import { expect, it } from 'vitest'
import { createCallLimit } from '../../src/oidc/call-limit.js'

const create = (perSource: number, inAll: number) => {
  let now = 1_750_000_000_000
  const mayCall = createCallLimit({
    perSource,
    inAll,
    clock: () => now,
    random: () => Uint8Array.of(1, 2, 3, 4),
  })
  return {
    mayCall,
    travel(seconds: number) {
      now += seconds * 1000
    },
    allowed: (source: string | undefined, calls: number) =>
      Array.from({ length: calls }, () => mayCall(source)).filter(Boolean).length,
  }
}

it('HLD-14 one source does not use up what another has', () => {
  const { allowed, travel } = create(3, 100)
  expect(allowed('192.0.2.1', 1000)).toBe(3)
  expect(allowed('2001:db8::1', 1000)).toBe(3)
  expect(allowed(undefined, 1000)).toBe(3)
  travel(59)
  expect(allowed('192.0.2.1', 1)).toBe(0)
  travel(1)
  expect(allowed('192.0.2.1', 1000)).toBe(3)
})

it('HLD-14 any number of sources is bounded, and a source that is refused uses nothing up', () => {
  const { allowed, travel } = create(3, 40)
  expect(allowed('192.0.2.1', 1_000)).toBe(3)
  let all = 0
  for (let source = 0; source < 100_000; source += 1) all += allowed(`192.0.2.${source}`, 1)
  expect(all).toBe(37)
  travel(60)
  expect(allowed('192.0.2.1', 10)).toBe(3)
})

it('HLD-05 HLD-14 a clock that is put back begins a new minute', () => {
  const { allowed, travel } = create(3, 40)
  expect(allowed('192.0.2.1', 10)).toBe(3)
  travel(-3600)
  expect(allowed('192.0.2.1', 10)).toBe(3)
  expect(allowed('192.0.2.1', 10)).toBe(0)
})
