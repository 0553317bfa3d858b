/** @module A Redis server of the bench's own, on a free loopback port, with nothing kept on disk. */
import { spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { Redis } from 'ioredis'
import { findProgram } from '../test/programs.mjs'

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

/** The server, or `undefined` where there is no `redis-server`. */
export async function startRedisServer() {
  const program = findProgram('redis')
  if (program === undefined) return undefined
  const port = await freePort()
  const child = spawn(
    program,
    ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
    { stdio: 'ignore' },
  )
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  const client = new Redis({ port, retryStrategy: () => 20, maxRetriesPerRequest: null })
  await client.ping()

  const info = async (section) => {
    const lines = (await client.info(section)).split('\r\n')
    return new Map(lines.filter((line) => line.includes(':')).map((line) => line.split(/:(.*)/s, 2)))
  }
  return {
    port,
    version: (await info('server')).get('redis_version'),
    /** How often each command was called until now. */
    async calls() {
      const calls = new Map()
      for (const [name, text] of await info('commandstats')) {
        calls.set(name.replace('cmdstat_', ''), Number(/calls=(\d+)/.exec(text)?.[1] ?? 0))
      }
      calls.delete('info')
      return calls
    },
    usedMemory: async () => Number((await info('memory')).get('used_memory')),
    async close() {
      process.off('exit', kill)
      const exited = new Promise((resolve) => child.once('exit', resolve))
      client.disconnect()
      child.kill('SIGTERM')
      await exited
    },
  }
}
