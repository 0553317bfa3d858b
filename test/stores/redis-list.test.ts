/** @module A list in pages is complete: a place in a hash means nothing to another server. */
import { describe, expect, it } from 'vitest'
import { StoreUnavailableError } from '../../src/errors.js'
import type { Connection, Reply } from '../../src/stores/redis/connection.js'
import { serializeRecord } from '../../src/stores/redis/format.js'
import { listRecords } from '../../src/stores/redis/list.js'
import { liveAt, unique } from '../contracts/store-harness.js'

const now = 1_800_000_000_000
const text = serializeRecord(liveAt(now))

/** Answers page after page, and notes the places that were asked for. */
function createPages(...replies: readonly Reply[]) {
  const places: string[] = []
  const connection = {
    async run(_script: unknown, _key: string, place: string): Promise<Reply> {
      places.push(place)
      return replies[places.length - 1] ?? replies.at(-1) ?? []
    },
  }
  return { connection: connection as unknown as Connection, places }
}
const page = (next: string, server: string, ...sessions: readonly string[]): Reply => [
  'list',
  next,
  server,
  ...sessions.flatMap((session) => ['benefits', session, text]),
]
const sessionsOf = async (connection: Connection) =>
  (await listRecords(connection, 'key', unique())).map(({ address }) => address.session)

describe('the records of a person in Redis', () => {
  it('HLD-18 are asked for from one place to the next, and named once', async () => {
    const { connection, places } = createPages(page('7', 'a', 's1', 's2'), page('0', 'a', 's2', 's3'))
    expect(await sessionsOf(connection)).toEqual(['s1', 's2', 's3'])
    expect(places).toEqual(['0', '7'])
  })

  it('HLD-18 are asked for anew where another server goes on: none is left out', async () => {
    const { connection, places } = createPages(
      page('7', 'a', 's1'),
      page('0', 'b', 's3'),
      page('5', 'b', 's3', 's2'),
      page('0', 'b', 's1'),
    )
    expect(new Set(await sessionsOf(connection))).toEqual(new Set(['s1', 's2', 's3']))
    expect(places).toEqual(['0', '7', '0', '5'])
  })

  it('HLD-18 are not known where servers go on replacing each other: that is no answer', async () => {
    const pages = [1, 2, 3].flatMap(() => [page('7', 'a', 's1'), page('0', 'b', 's3')])
    await expect(sessionsOf(createPages(...pages).connection)).rejects.toThrow(StoreUnavailableError)
  })
})
