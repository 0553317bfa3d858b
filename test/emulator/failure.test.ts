import { afterEach, describe, expect, it } from 'vitest'
import { openServer, type RunningServer } from '../../src/emulator/server.js'

let server: RunningServer | undefined
afterEach(() => server?.close())

describe('a mistake behind the port', () => {
  it('is a 500 that says what it was, unlike a provider that is down', async () => {
    const handle = () => Promise.reject(new RangeError('mistaken'))
    server = await openServer(handle, { host: '127.0.0.1', port: 0 })
    const response = await fetch(`http://127.0.0.1:${server.port}/`)
    expect([response.status, await response.text()]).toEqual([500, 'RangeError: mistaken'])
  })
})
