/**
 * @module What each platform makes of a contender: a handler as `createServer` of node:http takes it, with two routes.
 * `/benefits` answers who was recognised, `/sign-in` lets the contender begin what it keeps.
 */
import { loadNext, folder as nextFolder } from './next/set-up.mjs'

const body = JSON.stringify({ hello: 'a citizen, with a few words of text as a small answer has them' })
const stranger = 'not who was expected'

function refuse(response, error) {
  response.statusCode = 500
  response.end(String(error?.stack ?? error))
}

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

/** The two routes for platforms whose middleware is `(request, response, next)`. */
function connectRoutes({ personOf, signIn }, { person }) {
  return {
    benefits(request, response) {
      request.expected = person
      if (personOf(request) !== person) {
        response.statusCode = 401
        response.end(stranger)
        return
      }
      response.setHeader('content-type', 'application/json')
      response.end(body)
    },
    async serve(request, response) {
      try {
        await signIn?.(request, response)
        response.end('signed in')
      } catch (error) {
        refuse(response, error)
      }
    },
  }
}

function onNode(opened, setting) {
  const { benefits, serve } = connectRoutes(opened, setting)
  return compose(opened.middleware, (request, response) =>
    request.url === '/sign-in' ? serve(request, response) : benefits(request, response),
  )
}

/**
 * As frameworks do it: a function of its own on each response, which knows the response. The answer comes a moment later, so
 * that as many requests are open as there are connections.
 */
function onChain(opened, setting) {
  const { personOf, middleware } = opened
  const { serve } = connectRoutes(opened, setting)
  const addJson = (_request, response, next) => {
    response.json = () => {
      response.setHeader('content-type', 'application/json')
      response.end(body)
    }
    next()
  }
  return compose([addJson, ...middleware], (request, response) => {
    if (request.url === '/sign-in') return serve(request, response)
    request.expected = setting.person
    if (personOf(request) !== setting.person) return refuse(response, new Error(stranger))
    setImmediate(response.json)
  })
}

async function onExpress(opened, setting) {
  const { benefits, serve } = connectRoutes(opened, setting)
  const { default: express } = await import('express')
  const app = express()
  for (const step of opened.middleware) app.use(step)
  app.get('/sign-in', serve)
  app.get('/benefits', benefits)
  return app
}

async function onKoa({ middlewareFor, personOf, signIn }, { person }) {
  const { default: Koa } = await import('koa')
  const app = new Koa({ keys: ['a secret of thirty-two bytes or more'] })
  for (const step of middlewareFor(app)) app.use(step)
  app.use(async (context) => {
    if (context.path === '/sign-in') {
      await signIn?.(context)
      context.body = 'signed in'
      return
    }
    context.expected = person
    if (personOf(context) !== person) {
      context.status = 401
      context.body = stranger
      return
    }
    context.type = 'application/json'
    context.body = body
  })
  return app.callback()
}

async function onHono({ wrap, guard, personOf }, { person }) {
  const [{ Hono }, { getRequestListener }] = await Promise.all([import('hono'), import('@hono/node-server')])
  const app = new Hono()
  const benefits = (context) => {
    context.expected = person
    return personOf(context) === person
      ? context.body(body, 200, { 'content-type': 'application/json' })
      : context.text(stranger, 401)
  }
  app.get('/sign-in', (context) => context.text('signed in'))
  app.get('/benefits', ...guard, benefits)
  return getRequestListener(wrap(app.fetch))
}

/** One application has the routes of both contenders; which one is asked says the path in front. */
async function onNext({ path, environment }, { person }) {
  Object.assign(process.env, environment, { NODE_ENV: 'production', BENCH_PERSON: person, BENCH_BODY: body })
  const next = await loadNext()
  const app = next({ dev: false, dir: nextFolder })
  await app.prepare()
  const handle = app.getRequestHandler()
  return (request, response) => {
    request.url = `${path}${request.url}`
    return handle(request, response)
  }
}

/** By name: makes the handler of what a contender opened into. */
export const platforms = {
  node: onNode,
  chain: onChain,
  express: onExpress,
  koa: onKoa,
  hono: onHono,
  next: onNext,
}
