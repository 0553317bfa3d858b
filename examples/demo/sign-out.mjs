/**
 * @module "Sign out of everything" of the overview. A sign-out is a POST from a page of the application itself, and nothing
 * else: the browser is led to such a page, which is for one use and only for whom the overview sends.
 */
import { randomBytes } from 'node:crypto'
import { html } from './html.mjs'

const ticketMilliseconds = 30_000
const mostTickets = 100

const { markup } = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Signing out</title><link rel="icon" href="data:,"><link rel="stylesheet" href="/demo/demo.css">
<script type="module" src="/demo/press.js"></script></head>
<body><main><h1>Signing out</h1>
<form method="post" action="/session/logout"><p class="doors"><button>Sign out everywhere</button></p></form>
</main></body></html>
`

/**
 * @param {{
 *   desk: ReturnType<typeof import('./desk.mjs').createDesk>,
 *   statusesOf: (cookie: string | undefined) => Promise<readonly { name: string, status: object | null }[]>,
 *   provider: string,
 * }} parts `provider`: where an application's sign-out leads on to.
 */
export function createSignOut({ desk, statusesOf, provider }) {
  /** Until when each is good, by the clock that nobody moves. */
  const tickets = new Map()

  /** The overview's own form: to the first application where the person is signed in, for its sign-out. */
  async function begin(request, response) {
    if (request.method !== 'POST' || request.headers.origin !== desk.places.overview) {
      return response.writeHead(403).end()
    }
    const signedIn = (await statusesOf(request.headers.cookie)).filter(
      ({ status }) => status?.state === 'active',
    )
    if (signedIn.length === 0) return response.writeHead(303, { location: '/' }).end()
    const through = desk.places.applications.find(({ name }) => name === signedIn[0].name)
    const ticket = randomBytes(16).toString('base64url')
    if (tickets.size >= mostTickets) tickets.delete(tickets.keys().next().value)
    tickets.set(ticket, performance.now() + ticketMilliseconds)
    desk.report({
      type: 'demo.sign-out',
      application: 'demo',
      through: through.name,
      press: pressOf(request),
      sessions: Object.fromEntries(signedIn.map(({ name, status }) => [name, status.session.publicId])),
    })
    response.writeHead(303, { location: `${through.url}/demo/sign-out?ticket=${ticket}` }).end()
  }

  /** By what the page that was pressed on knows it again: a number of its own making. */
  function pressOf({ url }) {
    const press = new URL(url, provider).searchParams.get('press') ?? ''
    return /^[\d-]{1,24}$/.test(press) ? press : undefined
  }

  /** The page of the application that presses its own button. A ticket that is spent leads to the start page. */
  function press(request, response) {
    const ticket = new URL(request.url, provider).searchParams.get('ticket')
    const until = tickets.get(ticket)
    tickets.delete(ticket)
    if (!(until > performance.now())) return response.writeHead(303, { location: '/' }).end()
    response.writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'private, no-store',
      'content-security-policy': `default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; form-action 'self' ${provider}; base-uri 'none'; frame-ancestors 'none'`,
      'referrer-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
    })
    response.end(markup)
  }
  return { begin, press }
}
