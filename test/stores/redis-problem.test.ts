/** @module Why a Redis cannot be used: told from the errors of ioredis and node-redis, however deep they lie. */
import { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { redisStore } from '../../src/redis.js'
import { problemOf } from '../../src/stores/redis/problem.js'

const coded = (code: string, message = 'connect to cache.internal with open-sesame'): Error =>
  Object.assign(new Error(message), { code })

describe('problemOf', () => {
  it.each<[string, unknown, string]>([
    ['an error of the socket', coded('ECONNREFUSED'), 'ECONNREFUSED'],
    ['a reply of Redis', new Error('WRONGPASS invalid username-password pair'), 'WRONGPASS'],
    ['a reply inside a script', new Error('ERR Error running script: -NOPERM this user'), 'NOPERM'],
    ['a cause', new Error('closed', { cause: coded('CERT_HAS_EXPIRED') }), 'CERT_HAS_EXPIRED'],
    ['all addresses of a name', new AggregateError([coded('EINVAL'), coded('ECONNREFUSED')]), 'ECONNREFUSED'],
    [
      'a Cluster of ioredis',
      Object.assign(new Error('Failed to refresh slots cache.'), { lastNodeError: coded('ENOTFOUND') }),
      'ENOTFOUND',
    ],
    [
      'earlier errors of a retry',
      Object.assign(new Error('MaxRetries'), { previousErrors: [new Error('x'), coded('ECONNRESET')] }),
      'ECONNRESET',
    ],
    [
      'several layers',
      new Error('a', { cause: new AggregateError([new Error('b', { cause: coded('ETIMEDOUT') })]) }),
      'ETIMEDOUT',
    ],
    [
      'a SELECT that is refused, by ioredis',
      Object.assign(new Error('NOPERM open-sesame'), { command: { name: 'select', args: ['open-sesame'] } }),
      'database',
    ],
    ['a database that is not there, by node-redis', new Error('ERR DB index is out of range'), 'database'],
    [
      'a user who may not SELECT, by node-redis',
      new Error("NOPERM User app has no permissions to run the 'select' command"),
      'database',
    ],
    [
      'a SELECT that met a missing password',
      Object.assign(new Error('NOAUTH Authentication required.'), { command: { name: 'select' } }),
      'NOAUTH',
    ],
  ])('FLD-08 finds it in %s, and repeats nothing of the text', (_, error, code) => {
    const problem = problemOf(error)
    expect(problem).toMatchObject({ code })
    expect(JSON.stringify(problem)).not.toMatch(/cache\.internal|open-sesame|username-password/)
  })

  it.each<[unknown]>([
    [undefined],
    ['ECONNREFUSED'],
    [{ code: 'ECONNREFUSED' }],
    [coded('constructor')],
    [coded('EINVAL')],
  ])('FLD-08 says nothing of %s', (error) => {
    expect(problemOf(error)).toBeUndefined()
  })

  it('FLD-08 comes to an end with errors that hold each other', () => {
    const one = new Error('one')
    one.cause = Object.assign(new AggregateError([one, one]), { previousErrors: [one] })
    expect(problemOf(one)).toBeUndefined()
  })
})

it('a client that many stores share is listened to once', () => {
  const client = new Redis({ lazyConnect: true })
  for (let at = 0; at < 20; at += 1) redisStore(client)
  expect(client.listenerCount('error')).toBeLessThanOrEqual(3)
  expect(client.listenerCount('ready')).toBeLessThanOrEqual(1)
  client.disconnect()
})
