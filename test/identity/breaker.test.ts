/** @module The breaker's window, by a clock that may be wrong for a while. */
import { expect, it } from 'vitest'
import { createBreaker } from '../../src/identity/breaker.js'

const now = 1_800_000_000_000

it('HLD-05 HLD-03 forgets refusals that were noted by a clock that was ahead', () => {
  const breaker = createBreaker()
  for (let count = 0; count < 5; count += 1) breaker.note('refused', now + 3_600_000)
  expect(breaker.isOpen(now + 3_600_000)).toBe(true)
  expect(breaker.isOpen(now)).toBe(false)
  expect(breaker.isOpen(now + 3_600_000)).toBe(false)
})
