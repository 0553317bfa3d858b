/** @module Deadlines: each operation's own, one timer for all. */
import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createDeadline, type Guard } from '../../src/stores/redis/deadline.js'

const never = new Promise<never>(() => {})

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** An operation that begins before an earlier one is given up, and is answered after that. */
async function answerLater(guard: Guard): Promise<WeakRef<object>> {
  let answer: (value: object) => void = () => {}
  const guarded = guard(new Promise<object>((resolve) => (answer = resolve)))
  await vi.advanceTimersByTimeAsync(200)
  answer({})
  return new WeakRef(await guarded)
}

describe('createDeadline', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  const createGuard = () => createDeadline(250, () => new Error('late'))

  it('hands on what comes in time, a value or an error', async () => {
    const guard = createGuard()
    await expect(guard(Promise.resolve(1))).resolves.toBe(1)
    await expect(guard(Promise.reject(new Error('refused')))).rejects.toThrow('refused')
  })

  it('gives each operation its own deadline, with one timer for all', async () => {
    const guard = createGuard()
    const outcomes: string[] = []
    const watch = (name: string) => void guard(never).catch(() => outcomes.push(name))
    watch('first')
    await vi.advanceTimersByTimeAsync(200)
    for (let each = 0; each < 1000; each++) await guard(Promise.resolve())
    watch('second')
    expect(vi.getTimerCount()).toBe(1)
    await vi.advanceTimersByTimeAsync(49)
    expect(outcomes).toEqual([])
    await vi.advanceTimersByTimeAsync(2)
    expect(outcomes).toEqual(['first'])
    await vi.advanceTimersByTimeAsync(197)
    expect(outcomes).toEqual(['first'])
    await vi.advanceTimersByTimeAsync(3)
    expect(outcomes).toEqual(['first', 'second'])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('lets an answer count that was there before the process could look', async () => {
    const guard = createGuard()
    let answer: (value: string) => void = () => {}
    const guarded = guard(new Promise<string>((resolve) => (answer = resolve)))
    vi.advanceTimersToNextTimer()
    answer('in time')
    await vi.runAllTimersAsync()
    await expect(guarded).resolves.toBe('in time')
  })
  it('holds nothing of what was answered, however long an earlier operation hangs', async () => {
    const guard = createGuard()
    const hung = guard(never).catch((error: Error) => error.message)
    await vi.advanceTimersByTimeAsync(100)
    const answers: WeakRef<object>[] = []
    for (let each = 0; each < 5; each += 1) answers.push(await answerLater(guard))
    await expect(hung).resolves.toBe('late')
    vi.useRealTimers()
    await setImmediate()
    collectGarbage()
    expect(answers.filter((answer) => answer.deref() !== undefined)).toEqual([])
  })
})
