/** @module Addresses of stores, and a package that is not installed. */
import { describe, expect, it, vi } from 'vitest'
import { openRedisStore, redisStore } from '../../src/redis.js'
import { parseRedisSettings, parseRedisUrl } from '../../src/stores/redis/open.js'

describe('parseRedisUrl', () => {
  const plain = {
    kind: 'single',
    hosts: [{ host: 'cache', port: 6379 }],
    isTls: false,
    username: undefined,
    password: undefined,
    database: 0,
    masterName: undefined,
    sentinelUser: undefined,
    sentinelPassword: undefined,
  }
  it.each([
    ['redis://cache', plain],
    ['redis://cache/', plain],
    ['rediss://cache:7000/3', { ...plain, hosts: [{ host: 'cache', port: 7000 }], isTls: true, database: 3 }],
    ['redis://ana:p%40ss%3Aword@cache', { ...plain, username: 'ana', password: 'p@ss:word' }],
    ['redis://:secret@[::1]:7000', { ...plain, hosts: [{ host: '::1', port: 7000 }], password: 'secret' }],
    [
      'rediss+cluster://a:1,b',
      {
        ...plain,
        kind: 'cluster',
        isTls: true,
        hosts: [
          { host: 'a', port: 1 },
          { host: 'b', port: 6379 },
        ],
      },
    ],
    [
      'redis+sentinel://:p@a,b:2/citizens/1?sentinelUser=u&sentinelPassword=s',
      {
        ...plain,
        kind: 'sentinel',
        hosts: [
          { host: 'a', port: 26_379 },
          { host: 'b', port: 2 },
        ],
        password: 'p',
        database: 1,
        masterName: 'citizens',
        sentinelUser: 'u',
        sentinelPassword: 's',
      },
    ],
  ])('takes %s apart', (url, expected) => {
    expect(parseRedisUrl(url)).toEqual(expected)
  })

  it.each([
    'http://cache',
    'redis:cache',
    'redis://',
    'redis://a,b',
    'redis://secret-host:0',
    'redis://cache:70000',
    'redis://cache/x',
    'redis://cache/0/1',
    'redis+cluster://a,b/1',
    'redis+sentinel://a,b',
    'redis://%zz:secret@cache',
    'redis://cache?withoutReplicaSeconds=5',
    'redis://cache?sentinelPassword=secret',
    'redis+sentinel://a/citizens?sentinelPasword=secret',
    `redis://${'secret'.repeat(1000)}`,
  ])('refuses %s without repeating it', (url) => {
    expect(() => openRedisStore(url)).toThrow(
      expect.objectContaining({ code: 'configuration', message: expect.not.stringContaining('secret') }),
    )
  })
})

describe('settings in an address', () => {
  it.each([
    ['redis://cache', {}],
    ['redis://cache?acknowledgement=one', { acknowledgement: 'one' }],
    ['redis://cache?near=true', { near: true }],
    ['redis+cluster://a,b?near=false&acknowledgement=one', { near: false, acknowledgement: 'one' }],
    [
      'redis+sentinel://a,b/citizens?acknowledgement=all&withoutReplicasSeconds=5&sentinelPassword=s',
      { acknowledgement: 'all', withoutReplicasSeconds: 5 },
    ],
  ])('HLD-26 %s', (url, expected) => {
    expect(parseRedisSettings(url)).toEqual(expected)
  })

  it.each([
    'acknowledgement=none',
    'acknowledgement=',
    'withoutReplicasSeconds=-1',
    'near=yes',
    'near=',
    'near=1',
    'near=TRUE',
    'withoutReplicasSeconds=x',
  ])('HLD-26 refuses %s', (query) => {
    expect(() => openRedisStore(`redis://secret@cache?${query}`)).toThrow(
      expect.objectContaining({ code: 'configuration', message: expect.not.stringContaining('secret') }),
    )
  })
})

describe('clients', () => {
  it.each([[{}], [new Map()], [null], ['redis://cache']])('refuses what is no client: %j', (client) => {
    // What an application in JavaScript might hand over.
    expect(() => Reflect.apply(redisStore, undefined, [client])).toThrow(TypeError)
  })

  it('calls no ioredis missing that is there and cannot be loaded', async () => {
    vi.doMock('ioredis', () => {
      throw new Error('broken')
    })
    const store = openRedisStore('redis://cache')
    const error: unknown = await store.ready().catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(Error)
    expect(error).not.toMatchObject({ code: 'configuration' })
    await expect(Promise.resolve(store.claimOnce('key'))).rejects.toMatchObject({ code: 'store-unavailable' })
    await store.close()
    vi.doUnmock('ioredis')
  })
})
