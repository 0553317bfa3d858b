/** @module The page of a demo application: who is there, and how the three layers of their session stand. */
import { createHash } from 'node:crypto'
import { html } from './html.mjs'
import { style } from './style.mjs'

/** Why somebody is not signed in, in the words of an application. */
const reasons = {
  'not-signed-in': 'nobody has signed in with this browser',
  'not-started': 'the session here begins with the first page that is opened',
  'idle-timeout': 'there was no activity here for too long',
  'absolute-timeout': 'the session reached its longest time',
  'application-sign-out': 'signed out here only',
  'token-expired': 'the token of the shared cookie has expired',
  'signed-out': 'signed out, here or at another application',
  revoked: 'the session was ended by somebody else',
  'identity-ended': 'the identity provider has ended its session',
  'identity-changed': 'somebody else has signed in with this browser',
}

/** Tells a time of day, and how far away it is. */
const clockAt = (now) => (milliseconds) => {
  const seconds = Math.round(Math.abs(milliseconds - now) / 1000)
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  const length = [
    hours > 0 && `${hours} h`,
    minutes > 0 && `${minutes} min`,
    seconds % 60 > 0 && `${seconds % 60} s`,
  ]
  const distance = length.filter(Boolean).slice(0, 2).join(' ')
  const words = seconds === 0 ? 'now' : milliseconds < now ? `${distance} ago` : `in ${distance}`
  return html`<span class="time">${new Date(milliseconds).toLocaleTimeString('en-GB')} <small>${words}</small></span>`
}

/**
 * Renders the page. The headers keep it out of every cache and allow nothing but its own style and forms.
 * @returns {{ body: string, headers: Record<string, string> }}
 */
export function page({ look, heading, text, citizen, name, cookieHeader, options, now, events }) {
  const at = clockAt(now)
  const provider = options.identityProvider.url
  const css = style(look.accent)
  const { markup } = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${heading} - ${look.title}</title><link rel="icon" href="data:,"><style>${{ markup: css }}</style></head><body>
<header><strong>${look.title}</strong>
<nav>${look.siblings.map(({ title, url }) => html`<a href="${url}/">${title}</a> `)}<a href="${provider}/">CitizenOne</a>
<a href="${provider}/messages">Phone</a> <a href="${provider}/faults">Time and faults</a></nav></header>
<main><h1>${heading}</h1><p>${text}</p>
<nav><a href="/">Start</a> <a href="/private">Yours</a> <a href="/strong">Strong</a> <a href="/recent">Recent</a></nav>
${person(citizen, name, at)}
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

function person(citizen, name, at) {
  if (citizen.state === 'active') {
    const { level, method, authenticatedAt } = citizen.assurance
    const proof = authenticatedAt === undefined ? 'at a time not known here' : at(authenticatedAt)
    return html`<section class="who"><p><b>Signed in</b> as ${name}.<br><small>Level ${level}, by ${method}, ${proof}</small>
${citizen.degraded && html`<br><b>The identity provider does not answer. Nobody is signed out for that.</b>`}</p>
<form method="post" action="/session/logout"><button>Sign out everywhere</button></form>
<form method="post" action="/session/logout"><input type="hidden" name="scope" value="application"><button class="plain">Sign out here only</button></form>
</section>`
  }
  const isHalfway = citizen.state === 'mfa-required'
  const reason = isHalfway ? 'the second proof is missing' : (reasons[citizen.reason] ?? 'see the code')
  return html`<section class="who"><p><b>Not signed in</b>: ${reason}.<br><small>Code: <code>${citizen.reason ?? citizen.state}</code></small></p>
<a class="button" href="/session/login?returnTo=/private">${isHalfway ? 'Go on' : 'Sign in'}</a></section>`
}

const list = (rows) =>
  html`<dl>${rows.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`

function applicationSession({ session, reason }, { application }, at) {
  const idle = `${application.sensitivity}: ends after ${application.idleSeconds} s without activity`
  return html`<section><h2>1 Application session</h2><p class="soft">${idle}</p>${
    session === undefined
      ? list([['None', reason ?? 'not begun']])
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
    return html`<section><h2>2 Identity session</h2><p class="soft">one for all applications</p>${list([['Not known', 'without a session here']])}</section>`
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
  const row = (name, attribute) => [
    html`<code>${name}</code>`,
    html`${sent.has(name) ? 'sent' : 'not sent'} <small>${attribute}</small>`,
  ]
  return html`<section><h2>3 Shared cookie</h2><p class="soft">of ${domain}, in three parts</p>${list([
    row(names.header, 'HttpOnly'),
    row(names.payload, 'for scripts'),
    row(names.signature, 'HttpOnly'),
    ...own.map((name) => row(name, 'only here')),
  ])}</section>`
}

function eventLine({ type, at: happenedAt, application: _, person: __, ...details }, at) {
  const words = Object.entries(details)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${value}`)
  return html`<li><b>${type}</b> ${at(happenedAt)}<br><small>${words.join(', ')}</small></li>`
}
