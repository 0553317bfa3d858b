/** @module The overview: all applications side by side. No application itself: it asks for their status, and touches nothing. */
import { html } from './html.mjs'
import { createSignOut } from './sign-out.mjs'

const patienceMilliseconds = 3000

/** `applications`: where the form for the sign-out leads on to; browsers check that too. */
const policyFor = (applications) =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    'img-src data:',
    `form-action 'self' ${applications.map(({ url }) => url).join(' ')}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ')

const { markup } = html`<!doctype html>
<html lang="en" data-application="overview"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Overview - citizen-session demo</title><link rel="icon" href="data:,">
<link rel="stylesheet" href="/demo/demo.css"><script type="module" src="/demo/overview.js"></script></head>
<body>
<header class="top"><a class="brand" href="/">Overview</a><span class="framework">citizen-session demo</span><demo-places></demo-places></header>
<main><h1>One person, several applications</h1>
<p class="lead">Each application keeps a session of its own over one identity session, by the shared cookie, OpenID Connect or SAML. Sign in at one, then watch what the others know. Looking here is nobody's activity.</p>
<demo-overview><noscript><p>This page needs scripts.</p></noscript></demo-overview>
</main></body></html>
`

/**
 * Makes the overview's listener, and lends its look at the applications to the desk.
 * @param {ReturnType<typeof import('./desk.mjs').createDesk>} desk
 * @param {string} provider its address
 */
export function createOverview(desk, provider) {
  const statusesOf = (cookie) =>
    Promise.all(desk.places.applications.map((one) => statusOf(one, cookie, desk.subjectOf(cookie))))
  desk.add('/demo/statuses', async ({ headers: { cookie } }) => {
    // What is found was so then, or later.
    const heard = Math.round(performance.now())
    return { heard, applications: await statusesOf(cookie) }
  })
  const signOut = createSignOut({ desk, statusesOf, provider })
  desk.route('/demo/sign-out-of-everything', signOut.begin)
  desk.route('/demo/sign-out', signOut.press)
  return (request, response) =>
    desk.listener(request, response, () => {
      const isHome = request.url === '/'
      response.writeHead(isHome ? 200 : 404, {
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'private, no-store',
        'content-security-policy': policyFor(desk.places.applications),
        'referrer-policy': 'same-origin',
        'x-content-type-options': 'nosniff',
      })
      response.end(isHome ? markup : '<!doctype html><title>Not found</title>')
    })
}

/**
 * The status of an application for whoever has these shared cookies, as a server of the same base domain may ask. One that
 * does not read them tells of the person's newest session.
 */
async function statusOf({ name, port, framework, isApart, sessionsOf }, cookie, subject) {
  try {
    if (isApart) {
      const session = subject === undefined ? undefined : (await sessionsOf(subject)).at(-1)
      const status = session
        ? { state: 'active', session, assurance: { level: session.level, method: framework } }
        : { state: 'anonymous', reason: 'not-signed-in' }
      return { name, status }
    }
    const answer = await fetch(`http://127.0.0.1:${port}/session/status`, {
      headers: { 'citizen-activity': 'none', ...(cookie !== undefined && { cookie }) },
      signal: AbortSignal.timeout(patienceMilliseconds),
    })
    return { name, status: await answer.json() }
  } catch {
    return { name, status: null }
  }
}
