import { expect, it } from 'vitest'
import { createAllowance } from '../../src/wait.js'

const start = 1_750_000_000_000
const takenOf = (allowance: ReturnType<typeof createAllowance>, now: number, calls = 20) =>
  Array.from({ length: calls }, () => allowance.take(now)).filter(Boolean).length

it('HLD-14 allows so many at once, then one each time, and never more than so many', () => {
  const allowance = createAllowance(3, 5000)
  expect(takenOf(allowance, start)).toBe(3)
  for (let second = 1; second <= 60; second += 1) {
    expect(takenOf(allowance, start + second * 1000), `after ${second} s`).toBe(second % 5 === 0 ? 1 : 0)
  }
  expect(takenOf(allowance, start + 86_400_000)).toBe(3)
})

it('HLD-14 counts what was spent beside, and gives nothing back for it', () => {
  const allowance = createAllowance(1, 30_000)
  allowance.spend(start)
  expect(allowance.take(start + 29_999)).toBe(false)
  expect(allowance.take(start + 30_000)).toBe(true)
  allowance.spend(start + 30_000)
  expect(allowance.take(start + 59_999)).toBe(false)
  allowance.reset()
  expect(allowance.take(start)).toBe(true)
})

it('HLD-05 ends every wait with a clock that is put back', () => {
  const allowance = createAllowance(2, 5000)
  expect(takenOf(allowance, start)).toBe(2)
  expect(takenOf(allowance, start - 3_600_000)).toBe(2)
  expect(takenOf(allowance, start - 3_600_000 + 4999)).toBe(0)
})
