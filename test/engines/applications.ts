/** @module An application behind the defaults of its framework's helmet, on Express and on Koa. */
import type { RequestListener } from 'node:http'
import express from 'express'
import helmet from 'helmet'
import Koa from 'koa'
import koaHelmet from 'koa-helmet'
import * as onExpress from '../../adapters/express.js'
import * as onKoa from '../../adapters/koa.js'
import type { SuiteOptions } from '../../src/index.js'

export type Framework = 'Express' | 'Koa'

/** `private, no-cache` instead of the guard's `no-store`: some back/forward caches take nothing that is `no-store`. */
const forCaches = 'private, no-cache'

const home = (state: string) =>
  `<!doctype html><title>${state}</title><h1>${state}</h1>` +
  '<form method="post" action="/session/logout"><button>Leave</button></form>' +
  '<form method="post" action="/save"><button>Save</button></form>'

/** A page for somebody; with the client, whose attributes come from the query, unless that says `plain`; or with a header. */
function privatePage(query: URLSearchParams): string {
  const attributes = [...query].map(([name, value]) => `${name}="${value}"`).join(' ')
  const client = query.has('plain') ? '' : `<script src="/session/client.js" ${attributes} defer></script>`
  const header = query.has('header')
    ? '<citizen-header></citizen-header><script src="/session/header.js" defer></script>'
    : ''
  return (
    `<!doctype html><html lang="en"><title>private</title>${header}<h1>private</h1><label>note <input id="note"></label>` +
    `<a href="/open">Elsewhere</a><form method="post" action="/session/logout"><button>Leave</button></form>` +
    `<button id="pay">Pay</button>${client}<script src="/pay.js" defer></script></html>`
  )
}

/** A page for everybody, without the client. */
const openPage = '<!doctype html><title>open</title><h1>open to all</h1>'

/** Sends a request for which one must have signed in lately, and shows what comes of it. */
const payScript = `document.querySelector('#pay').onclick = () => {
  const show = (text) => { document.querySelector('#pay').textContent = text }
  citizenSession.citizenFetch('/api/pay', { method: 'POST' }).then(({ status }) => show('status ' + status), show)
}`

/** Makes the listener of an application. */
export const applications: Readonly<Record<Framework, (options: SuiteOptions) => RequestListener>> = {
  Express(options) {
    const app = express()
    app.use(helmet())
    app.use(onExpress.citizenSession(options))
    app.get('/', (request, response) => void response.send(home(request.citizen.state)))
    app.get('/open', (_, response) => void response.send(openPage))
    app.get('/pay.js', (_, response) => void response.type('js').send(payScript))
    app.get('/private', onExpress.requireCitizen(), (request, response) => {
      const { searchParams } = new URL(request.url, 'http://localhost')
      if (searchParams.has('kept')) response.set('cache-control', forCaches)
      response.send(privatePage(searchParams))
    })
    app.post('/save', (_, response) => response.redirect(303, '/private'))
    app.post('/api/pay', onExpress.requireRecent({ maxAgeSeconds: 300 }), (_, response) => {
      response.json({ paid: true })
    })
    return app
  },
  Koa(options) {
    const app = new Koa()
    app.use(koaHelmet())
    app.use(onKoa.citizenSession(options))
    const guarded =
      (guard: Koa.Middleware, answer: (context: Koa.Context) => void): Koa.Middleware =>
      (context) =>
        guard(context as never, async () => answer(context as never))
    const routes: Readonly<Record<string, Koa.Middleware>> = {
      'GET /': (context) => {
        context.body = home(context.state.citizen.state)
      },
      'GET /open': (context) => {
        context.body = openPage
      },
      'GET /pay.js': (context) => {
        context.type = 'js'
        context.body = payScript
      },
      'GET /private': guarded(onKoa.requireCitizen() as never, (context) => {
        if (context.URL.searchParams.has('kept')) context.set('cache-control', forCaches)
        context.body = privatePage(context.URL.searchParams)
      }),
      'POST /save': (context) => {
        context.redirect('/private')
        context.status = 303
      },
      'POST /api/pay': guarded(onKoa.requireRecent({ maxAgeSeconds: 300 }) as never, (context) => {
        context.body = { paid: true }
      }),
    }
    app.use((context, next) => routes[`${context.method} ${context.path}`]?.(context as never, next))
    return app.callback()
  },
}
