/** @module What is said of something that is no store of ours: what it is instead, and what to write. */
import { describe, expect, it } from 'vitest'
import { memoryStore } from '../../src/stores/memory/store.js'
import { problemsOf, required } from './given.js'

const does = () => undefined
const methods = (...names: readonly string[]) => Object.fromEntries(names.map((name) => [name, does]))

/** The names that the methods of a store had in 0.1.0. */
const before = ['read', 'start', 'update', 'end', 'revoke', 'point', 'revokePointer', 'claim', 'settle']

describe('a store', () => {
  it.each([
    [
      'of the method names of 0.1.0',
      { isShared: true, ...methods(...before, 'ready', 'close') },
      /names of 0\.1\.0/,
    ],
    ['of another session middleware', methods('get', 'set', 'destroy'), /another session middleware/],
    ['that is a client of node-redis', methods('sendCommand'), /redisStore\(client\)/],
    ['that is a client of ioredis', methods('duplicate', 'quit'), /redisStore\(client\)/],
    ['that is nothing of the kind', {}, /memoryStore\(\)/],
  ])('%s is refused with what it is and what to write', (_what, store, message) => {
    const [problem, ...others] = problemsOf({ ...required, store })
    expect(others).toEqual([])
    expect(problem).toMatchObject({ path: 'store', message: expect.stringMatching(message) })
  })

  it.each(['claimOnce', 'keepRefresh', 'renewLease', 'revokeIndexKey'])('without %s is none', (name) => {
    const store = { ...memoryStore(), [name]: undefined }
    expect(problemsOf({ ...required, store }).map(({ path }) => path)).toEqual(['store'])
  })

  it('of ours is one', () => {
    expect(problemsOf({ ...required, store: memoryStore() })).toEqual([])
  })
})
