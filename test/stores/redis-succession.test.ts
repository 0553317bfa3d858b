/** @module Successors of clients whose connection has died: they end with the client, and harm nobody when they fail. */
import { EventEmitter } from 'node:events'
import { describe, expect, it } from 'vitest'
import type { RedisClient } from '../../src/stores/redis/client.js'
import { createConnection } from '../../src/stores/redis/connection.js'
import { createSuccession } from '../../src/stores/redis/succession.js'

class Client extends EventEmitter {
  readonly made: Client[] = []
  isOpen = true
  duplicate(): Client {
    const made = new Client()
    made.isOpen = false
    this.made.push(made)
    return made
  }
  async connect(): Promise<void> {
    this.isOpen = true
  }
  destroy(): void {
    this.isOpen = false
  }
}

const soon = () => new Promise((resolve) => setImmediate(resolve))

describe('HLD-19 a successor', () => {
  it.each(['end', 'disconnect'])(
    'does not outlive the client that the application closes: %s',
    async (event) => {
      const client = new Client()
      const succession = createSuccession(client)
      succession.replace()
      await soon()
      const [successor] = client.made
      expect(successor?.isOpen).toBe(true)
      expect(succession.current).toBe(successor)
      client.isOpen = false
      client.emit(event)
      expect(successor?.isOpen).toBe(false)
      expect(succession.current).toBe(client)
    },
  )
})

it('HLD-17 HLD-19 a connection that cannot be replaced is asked again after the next deadline', async () => {
  let tried = 0
  const never = () => new Promise<never>(() => undefined)
  const client: RedisClient = {
    call: never,
    callScript: never,
    callBoth: never,
    callMasters: never,
    isDown: () => false,
    wasConnected: () => true,
    trouble: () => undefined,
    cautions: [],
    links: () => {
      tried += 1
      throw new TypeError('a client of another version')
    },
    topology: 'single',
    readsReplicas: false,
    database: 0,
    close: async () => undefined,
  }
  const connection = createConnection(client, 5)
  for (const expected of [1, 2]) {
    await expect(connection.command('key', ['GET', 'key'])).rejects.toThrow('did not answer')
    await soon()
    expect(tried).toBe(expected)
  }
})
