/** @module The desk: what the demo lends to all of its applications under `/demo/`: their look, a log, the switches. */
import { readdirSync, readFileSync } from 'node:fs'
import { extname } from 'node:path'
import { createLog } from './log.mjs'
import { createSwitches } from './switches.mjs'

const folder = new URL('public/', import.meta.url)
const types = { '.css': 'text/css; charset=utf-8', '.js': 'text/javascript; charset=utf-8' }
const mostBytes = 1024

/**
 * Makes the desk. Whoever stands in front of a session layer with it keeps its requests from being anybody's activity.
 * @param {{ emulator: import('citizen-session/emulator').Emulator, identitySeconds: number }} parts
 *   `identitySeconds`: how long an identity session lasts that nobody extends.
 */
export function createDesk({ emulator, identitySeconds }) {
  const places = { applications: [], overview: '' }
  const assets = new Map(readdirSync(folder).map((name) => [`/demo/${name}`, assetOf(name)]))
  const log = createLog(emulator)
  const switches = createSwitches({
    emulator,
    report: log.report,
    applications: () => places.applications,
    follow: (isOn) => {
      followsIdentity = isOn
    },
  })
  const people = Object.fromEntries(emulator.people.map(({ sub, name }) => [sub, name]))
  const extra = new Map()
  const routes = new Map()
  /** Whether Museum takes up whoever else has signed in at the provider without a button. */
  let followsIdentity = false

  /** Where everything is: what a page needs to lead there, and to say names. */
  const about = () => ({
    provider: emulator.url,
    partner: new URL('/partner', emulator.partner.dashboardUrl).href,
    overview: places.overview,
    applications: places.applications.map(
      ({ name, title, url, framework, sensitivity, idleSeconds, isApart, watchesProvider }) => ({
        name,
        title,
        url,
        framework,
        sensitivity,
        idleSeconds,
        isApart,
        watchesProvider,
      }),
    ),
    people,
    payloadCookie: emulator.cookieNames.payload,
    identitySeconds,
  })

  /** How the identity session of this browser stands at the provider, and which cookies came along. */
  function identity(request) {
    const session = switches.sessionOf(request)
    return {
      now: emulator.clock(),
      isDown: emulator.faults.settings.down,
      followsIdentity,
      hasBackChannel: emulator.faults.settings.openid.logoutToken !== 'not-sent',
      session: session && {
        startedAt: session.startedAt,
        expiresAt: session.expiresAt,
        endsAt: session.endsAt,
      },
      cookies: namesOf(request.headers.cookie),
    }
  }

  async function act(request, response) {
    // A page of another site, even one that bound its name to this machine, has another origin.
    const origins = [places.overview, ...places.applications.map(({ url }) => url)]
    if (!origins.includes(request.headers.origin)) return sendJson(response, 403, { message: 'another site' })
    try {
      const order = JSON.parse(await textOf(request))
      const { message, left, cookies = [] } = await switches.act(order, request)
      if (cookies.length > 0) response.setHeader('set-cookie', cookies)
      sendJson(response, 200, { message, left })
    } catch (error) {
      sendJson(response, 400, { message: error.message })
    }
  }

  async function answer(path, request, response) {
    const asset = assets.get(path)
    if (asset !== undefined) {
      response.writeHead(200, { ...asset.headers, 'cache-control': 'no-cache' }).end(asset.body)
    } else if (path === '/demo/do' && request.method === 'POST') await act(request, response)
    else if (path === '/demo/about') sendJson(response, 200, about())
    else if (path === '/demo/identity') sendJson(response, 200, identity(request))
    else if (path === '/demo/events') log.follow(request, response)
    else if (routes.has(path)) await routes.get(path)(request, response)
    else if (extra.has(path)) sendJson(response, 200, await extra.get(path)(request))
    else sendJson(response, 404, { message: 'nothing here' })
  }

  return {
    places,
    report: log.report,
    subjectOf: switches.subjectOf,
    followsIdentity: () => followsIdentity,
    /** Answers one more path with what `read` returns. */
    add: (path, read) => extra.set(path, read),
    /** Answers one more path by what `answer` does. */
    route: (path, answer) => routes.set(path, answer),
    /** As Express takes it: what is not below `/demo/` is left to the next. */
    listener(request, response, next) {
      const [path] = request.url.split('?', 1)
      if (!path.startsWith('/demo/')) return next()
      answer(path, request, response).catch(() => response.destroy())
    },
    close: log.close,
  }
}

function assetOf(name) {
  const headers = { 'content-type': types[extname(name)], 'x-content-type-options': 'nosniff' }
  return { headers, body: readFileSync(new URL(name, folder)) }
}

function sendJson(response, status, value) {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'private, no-store' })
  response.end(JSON.stringify(value))
}

async function textOf(request) {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk
    if (text.length > mostBytes) throw new Error('the body is too long')
  }
  return text
}

const namesOf = (header = '') =>
  header
    .split(';')
    .map((pair) => pair.split('=', 1)[0].trim())
    .filter(Boolean)
