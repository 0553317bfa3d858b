/** @module The application of the adapter contract on Hono, by the fetch adapter. */
import { Hono } from 'hono'
import { createMiddleware } from 'hono/factory'
import { type CitizenAuth, citizenSession, type Guard } from '../../../adapters/fetch.js'
import type { ActiveCitizen, Suite } from '../../../src/index.js'

/** Lets a guard stand in a route of Hono: what it lets through has its citizen in `c.var`. */
const only = (auth: CitizenAuth, guard: Guard) =>
  createMiddleware<{ Variables: { citizen: ActiveCitizen } }>(async (c, next) => {
    const refusal = await guard(c.req.raw)
    if (refusal !== undefined) return refusal
    c.set('citizen', await auth.citizenOf(c.req.raw))
    await next()
  })

/** The main application, and the one below `/mounted`. Runs wherever Hono runs. */
export function honoApplication({ main, mounted }: { readonly main: Suite; readonly mounted: Suite }) {
  const auth = citizenSession(main)
  const app = new Hono()
  app.onError((_error, c) => c.text('Internal Server Error', 500))
  app.get('/open', async (c) => {
    const { citizen } = await auth.citizen(c.req.raw)
    const { state, reason, claims, session } = citizen
    return c.json({ state, reason, sub: claims?.sub, publicId: session?.publicId })
  })
  const citizens = only(auth, auth.requireCitizen())
  app.all('/private', citizens, (c) => c.json({ sub: c.var.citizen.claims.sub }))
  app.get('/own-cache', citizens, (c) => c.text('ok', 200, { 'cache-control': 'private, max-age=60' }))
  app.get('/mfa', only(auth, auth.requireMfa()), (c) => c.text('ok'))
  app.get('/level2', only(auth, auth.requireAssurance(2)), (c) => c.text('ok'))
  app.get('/recent', only(auth, auth.requireRecent({ maxAgeSeconds: 300 })), (c) => c.text('ok'))
  app.get(
    '/claims',
    only(
      auth,
      auth.requireClaims(({ isMfa }) => isMfa === true),
    ),
    (c) => c.text('ok'),
  )
  app.get('/cookies', (c) => {
    c.header('Set-Cookie', 'first=1; Path=/')
    c.header('Set-Cookie', 'second=2; Path=/', { append: true })
    c.header('Cache-Control', 'public, max-age=60')
    c.header('CDN-Cache-Control', 'max-age=60')
    return c.text('ok')
  })
  app.get('/redirect', (c) => c.redirect('/open'))
  app.get('/empty', (c) => c.body(null, 204))
  app.get('/stream', (c) => c.body(streamOf('one\n', 'two\n')))
  app.get('/events', citizens, (c) => {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('data: open\n\n'))
        c.var.citizen.ended.addEventListener('abort', () => controller.close())
      },
    })
    return c.body(body, 200, { 'content-type': 'text/event-stream' })
  })
  app.get('/throw', () => {
    throw new Error('thrown by the application')
  })
  app.post('/form', async (c) => c.json({ name: (await c.req.parseBody()).name }))
  app.post('/goodbye', (c) => auth.logout()(c.req.raw))
  app.post('/leave', citizens, async (c) => c.json(await c.var.citizen.logout()))
  app.post('/leave-and-throw', citizens, async (c) => {
    await c.var.citizen.logout()
    throw new Error('thrown by the application')
  })
  app.post('/refresh', citizens, async (c) => c.json(await c.var.citizen.refresh()))

  const below = citizenSession(mounted)
  const inner = new Hono().basePath('/mounted')
  inner.get('/private', only(below, below.requireCitizen()), (c) => c.json({ sub: c.var.citizen.claims.sub }))
  inner.post('/form', async (c) => c.json({ name: (await c.req.parseBody()).name }))

  const serveMain = auth.fetch(app.fetch)
  const serveMounted = below.fetch(inner.fetch)
  return (request: Request): Promise<Response> =>
    new URL(request.url).pathname.startsWith('/mounted/') ? serveMounted(request) : serveMain(request)
}

function streamOf(...parts: readonly string[]): ReadableStream<Uint8Array> {
  const left = [...parts]
  return new ReadableStream({
    pull(controller) {
      const part = left.shift()
      if (part === undefined) controller.close()
      else controller.enqueue(new TextEncoder().encode(part))
    },
  })
}
