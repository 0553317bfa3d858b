/** @module The page of a demo application: who is there, and how the three layers of their session stand. */
import { createHash } from 'node:crypto'
import { html } from './html.mjs'
import { style } from './style.mjs'

const times = (now) => ({
  /** A time of day, and how far away it is. */
  at(milliseconds) {
    const seconds = Math.round(Math.abs(milliseconds - now) / 1000)
    const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
    const length = [hours > 0 && `${hours} h`, minutes > 0 && `${minutes} min`, `${seconds % 60} s`]
    const distance = length.filter(Boolean).slice(0, 2).join(' ')
    const clock = new Date(milliseconds).toLocaleTimeString('en-GB')
    return html`${clock} <small>${milliseconds < now ? `${distance} ago` : `in ${distance}`}</small>`
  },
})

/**
 * Renders the page. The headers keep it out of every cache and allow nothing but its own style and forms.
 * @returns {{ body: string, headers: Record<string, string> }}
 */
export function page({ look, heading, text, citizen, cookieHeader, options, now, events }) {
  const { at } = times(now)
  const provider = options.identityProvider.url
  const css = style(look.accent)
  const { markup } = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${heading} - ${look.title}</title><link rel="icon" href="data:,"><style>${{ markup: css }}</style></head><body>
<header><strong>${look.title}</strong>
<nav><a href="${look.sibling.url}/">${look.sibling.title}</a> <a href="${provider}/">CitizenOne</a>
<a href="${provider}/messages">Phone</a> <a href="${provider}/faults">Time and faults</a></nav></header>
<main><h1>${heading}</h1><p>${text}</p>
<nav><a href="/">Start</a> <a href="/private">Yours</a> <a href="/strong">Strong</a> <a href="/recent">Recent</a></nav>
${person(citizen)}
<div class="layers">
${applicationSession(citizen, options, at)}${identitySession(citizen, options, at)}${sharedCookie(cookieHeader, options)}
</div>
<section><h2>What happened here</h2>${events.length === 0 && html`<p>Nothing yet.</p>`}
<ol>${events.map((event) => eventLine(event, at))}</ol></section>
<p class="soft">Made at ${new Date(now).toLocaleTimeString('en-GB')}. <a href="/session/status">Status as JSON</a>: looking at it is no activity.</p>
</main></body></html>
`
  const hash = createHash('sha256').update(css).digest('base64')
  return {
    body: markup,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'private, no-store',
      // A form that signs in or out is answered with a redirect to the identity provider: browsers check that too.
      'content-security-policy': `default-src 'none'; img-src data:; style-src 'sha256-${hash}'; form-action 'self' ${provider}; base-uri 'none'; frame-ancestors 'none'`,
      'referrer-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
    },
  }
}

function person(citizen) {
  if (citizen.state === 'active') {
    const { level, method, authenticatedAt } = citizen.assurance
    return html`<section class="who"><p><b>Signed in</b> as <code>${citizen.claims.sub}</code>, level ${level} (${method}),
${authenticatedAt === undefined ? 'time of the proof unknown' : 'time of the proof known'}.
${citizen.degraded && html`<b>The identity provider cannot be reached; the session goes on.</b>`}</p>
<form method="post" action="/session/logout"><button>Sign out everywhere</button></form>
<form method="post" action="/session/logout"><input type="hidden" name="scope" value="application"><button class="plain">Sign out here only</button></form>
</section>`
  }
  const reason = citizen.reason ?? 'a second factor is missing'
  return html`<section class="who"><p><b>Not signed in</b>: <code>${reason}</code></p>
<a class="button" href="/session/login?returnTo=/private">Sign in</a></section>`
}

const list = (rows) => html`<dl>${rows.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`

function applicationSession({ session, reason }, { application }, at) {
  const idle = `${application.sensitivity}: ends after ${application.idleSeconds} s without activity`
  return html`<section><h2>1 Application session</h2><p class="soft">${idle}</p>${
    session === undefined
      ? list([['None', reason ?? 'not signed in']])
      : list([
          ['Started', at(session.startedAt)],
          ['Last seen', at(session.lastSeenAt)],
          ['Ends when idle', at(session.idleEndsAt)],
          ['Ends in any case', at(session.endsAt)],
          ['Public id', html`<code>${session.publicId}</code>`],
        ])
  }</section>`
}

function identitySession({ claims }, { identityProvider }, at) {
  if (claims === undefined) {
    return html`<section><h2>2 Identity session</h2><p class="soft">one for all applications</p>${list([['Unknown', 'the provider knows']])}</section>`
  }
  const { afterSeconds = (claims.exp - claims.iat) / 2 } = identityProvider.refresh
  return html`<section><h2>2 Identity session</h2><p class="soft">one for all applications</p>${list([
    ['Token issued', at(claims.iat * 1000)],
    ['Refresh due', at((claims.iat + afterSeconds) * 1000)],
    ['Token ends', at(claims.exp * 1000)],
  ])}</section>`
}

function sharedCookie(cookieHeader, { sharedCookie: { names, domain }, application }) {
  const sent = new Set(cookieHeader.split(';').map((pair) => pair.split('=', 1)[0].trim()))
  const own = [...sent].filter((name) => name.startsWith(`${application.id}.`))
  const row = (name, attributes) => [
    html`<code>${name}</code>`,
    html`${sent.has(name) ? 'sent' : 'not sent'} <small>${attributes}</small>`,
  ]
  return html`<section><h2>3 Shared cookie</h2><p class="soft">what this browser sent just now</p>${list([
    row(names.header, `${domain}, HttpOnly`),
    row(names.payload, `${domain}, readable`),
    row(names.signature, `${domain}, HttpOnly`),
    ...own.map((name) => row(name, 'this host only, HttpOnly')),
  ])}</section>`
}

function eventLine({ type, at: happenedAt, application: _, ...details }, at) {
  const words = Object.entries(details)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${value}`)
  return html`<li><b>${type}</b> ${at(happenedAt)}<br><small>${words.join(', ')}</small></li>`
}
