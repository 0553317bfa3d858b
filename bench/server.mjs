/**
 * @module The process of one contender on one platform: a server on a loopback port, and the same handler called in
 * process. The bench asks over IPC; what it asks is in `questions`.
 */
import { createServer } from 'node:http'
import { contenders } from './contenders.mjs'
import { createInjection } from './inject.mjs'

const body = JSON.stringify({ hello: 'a citizen, with a few words of text as a small answer has them' })

function compose(middleware, last) {
  return (request, response) => {
    let at = 0
    const next = (error) => {
      if (error !== undefined) return refuse(response, error)
      const step = middleware[at]
      at += 1
      if (step === undefined) last(request, response)
      else step(request, response, next)
    }
    next()
  }
}

function refuse(response, error) {
  response.statusCode = 500
  response.end(String(error?.stack ?? error))
}

async function createHandler(setting) {
  const contender = contenders.find(({ name }) => name === setting.contender)
  const { middleware, personOf, signIn } = await contender.open(setting)
  const benefits = (request, response) => {
    request.expected = setting.person
    if (personOf(request) !== setting.person) {
      response.statusCode = 401
      response.end('not who was expected')
      return
    }
    response.setHeader('content-type', 'application/json')
    response.end(body)
  }
  const serve = async (request, response) => {
    try {
      await signIn?.(request, response)
      response.end('signed in')
    } catch (error) {
      refuse(response, error)
    }
  }
  if (setting.platform === 'node') {
    return compose(middleware, (request, response) =>
      request.url === '/sign-in' ? serve(request, response) : benefits(request, response),
    )
  }
  const { default: express } = await import('express')
  const app = express()
  for (const step of middleware) app.use(step)
  app.get('/sign-in', serve)
  app.get('/benefits', benefits)
  return app
}

const setting = JSON.parse(process.argv[2])
const handler = await createHandler(setting)
const server = createServer({ keepAliveTimeout: 0, headersTimeout: 0, requestTimeout: 0 }, handler)

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
