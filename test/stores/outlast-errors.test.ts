/** @module The errors of an ioredis connection after its first one, with clients that are emitters alone. */
import { EventEmitter } from 'node:events'
import { expect, it } from 'vitest'
import { outlastErrors } from '../../src/stores/redis/outlast-errors.js'

/** A client whose connection fails, as ioredis tells it. */
function clientWith(members: object = {}) {
  const stream = new EventEmitter()
  const client = Object.assign(new EventEmitter(), { stream, ...members })
  return { client, stream, fail: () => client.emit('error', new Error('DEPTH_ZERO_SELF_SIGNED_CERT')) }
}

const alert = new Error('tlsv1 alert decode error')

it('FLD-08 listens to a connection from its first error on, once, however many stores a client has', () => {
  const { client, stream, fail } = clientWith()
  outlastErrors(client)
  outlastErrors(client)
  fail()
  fail()
  expect(stream.emit('error', alert)).toBe(true)
  expect(stream.listenerCount('error')).toBe(1)
  expect(client.listenerCount('error')).toBe(1)
})

it('FLD-08 listens to each connection of a Cluster, also to those that come later', () => {
  const [early, late] = [clientWith(), clientWith()]
  const { client } = clientWith({ nodes: () => [early.client] })
  outlastErrors(client)
  client.emit('+node', late.client)
  for (const { fail, stream } of [early, late]) {
    fail()
    expect(stream.emit('error', alert)).toBe(true)
  }
})

it('takes a client that tells nothing, or has no connection, as it is', () => {
  expect(() => outlastErrors({})).not.toThrow()
  const { client, fail } = clientWith({ stream: undefined })
  outlastErrors(client)
  expect(fail).not.toThrow()
})
