/**
 * @module The process of one contender on one platform: a server on a loopback port, and the same handler called in
 * process. The bench asks over IPC; what it asks is in `questions`.
 */
import { createServer } from 'node:http'
import { watchCollector } from './collector.mjs'
import { contenders } from './contenders.mjs'
import { createInjection } from './inject.mjs'
import { platforms } from './platforms.mjs'

const setting = JSON.parse(process.argv[2])
const contender = contenders.find(({ name }) => name === setting.contender)
const handler = await platforms[setting.platform](await contender.open(setting), setting)
const server = createServer({ keepAliveTimeout: 0, headersTimeout: 0, requestTimeout: 0 }, handler)

let watch

const questions = {
  async listen() {
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
    return server.address().port
  },
  /** CPU microseconds of all threads since the start of the process. */
  usage() {
    const { user, system } = process.cpuUsage()
    return user + system
  },
  watchCollector() {
    watch = watchCollector()
  },
  /** What was allocated for `count` requests, and what of it survived. */
  collected: ({ count }) => watch.stop(count),
  /** CPU microseconds a request in process. */
  inject: ({ headers, milliseconds }) => createInjection(handler, headers).run(milliseconds),
}

process.on('message', async ({ id, question, given }) => {
  try {
    process.send({ id, answer: await questions[question](given) })
  } catch (error) {
    process.send({ id, error: String(error?.stack ?? error) })
  }
})
process.on('disconnect', () => process.exit())
process.send({ ready: true })
