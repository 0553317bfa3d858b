/**
 * @module What ioredis hears of its Sentinels. It tells no more than that all of them are unreachable, in a text: why is
 * said only by the connections that it makes to them.
 */
import { has, type Method, replaceMethod } from './client.js'
import { outlastErrors } from './outlast-errors.js'

/** No Sentinel has named a master. `cause` is what the last of them, or the way to it, said. */
export class SentinelsError extends Error {
  override readonly name = 'SentinelsError'
  readonly masterName: string

  constructor(masterName: string, cause: unknown) {
    super('no sentinel has named a master', { cause })
    this.masterName = masterName
  }
}

/** What a Sentinel answers, and how one of ours is told that it answered nothing. */
const noSuchMaster = 'ERR No such master with that name'

/** Watches the Sentinels of an ioredis; `undefined` where it has none. */
export function watchSentinels(client: object, masterName: string): { readonly trouble: unknown } {
  const watched: { trouble: unknown } = { trouble: undefined }
  const connector: unknown = Reflect.get(client, 'connector')
  if (typeof connector !== 'object' || connector === null) return watched
  let told: unknown
  replaceMethod(
    connector,
    'connectToSentinel',
    (connect): Method =>
      (...given) => {
        const connection = connect(...given)
        if (typeof connection === 'object' && connection !== null && has(connection, 'on')) {
          const note = (error: unknown): void => {
            told = error
          }
          Reflect.apply(connection.on, connection, ['error', note])
          outlastErrors(connection)
        }
        return connection
      },
  )
  replaceMethod(
    connector,
    'resolve',
    (resolve): Method =>
      async (endpoint) => {
        told = undefined
        try {
          const master = await resolve(endpoint)
          watched.trouble = master ? undefined : new SentinelsError(masterName, new Error(noSuchMaster))
          return master
        } catch (error) {
          // The way to a Sentinel fails before the question does, which then says only that the connection is closed.
          watched.trouble = new SentinelsError(masterName, told ?? error)
          throw error
        }
      },
  )
  return watched
}
