/** @module The page of a demo application: who is there, and the places for what lives on it by script. */
import { html } from './html.mjs'

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

/**
 * Renders the page. The headers keep it out of every cache and allow nothing but scripts, styles and forms of its own.
 * @returns {{ body: string, headers: Record<string, string> }}
 */
export function page({ look, heading, text, isPrivate, citizen, name, provider, onward }) {
  const { markup } = html`<!doctype html>
<html lang="en" data-application="${look.name}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${heading} - ${look.title}</title><link rel="icon" href="data:,">
<link rel="stylesheet" href="/demo/demo.css"><script type="module" src="/demo/panel.js"></script>
<script src="/session/client.js" defer${isPrivate && html` data-is-private`}${look.isShort && html` data-headless`}></script>
<script src="/session/header.js" defer></script></head>
<body>
<citizen-header></citizen-header>
<header class="top"><a class="brand" href="/">${look.title}</a><span class="framework">${look.framework}</span><demo-places></demo-places></header>
<main><h1>${heading}</h1><p class="lead">${text}</p>
<nav class="pages" aria-label="Pages"><a href="/">Start</a> <a href="/private">Your page</a> <a href="/strong">Strong page</a> <a href="/recent">Recent page</a></nav>
${person(citizen, { name, onward })}
<demo-panel application="${look.name}"><noscript><p>What lives on this page needs scripts; <a href="/session/status">the status as JSON</a> does not.</p></noscript></demo-panel>
</main></body></html>
`
  return {
    body: markup,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'private, no-store',
      // A form that signs in or out is answered with a redirect to the identity provider: browsers check that too.
      'content-security-policy': `default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-src 'self'; img-src data:; form-action 'self' ${provider}; base-uri 'none'; frame-ancestors 'none'`,
      'referrer-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
    },
  }
}

function person(citizen, { name, onward }) {
  if (citizen.state === 'active') {
    const { level, method, authenticatedAt } = citizen.assurance
    const proof =
      authenticatedAt === undefined
        ? 'when they proved who they are is not known'
        : `proved at ${new Date(authenticatedAt).toLocaleTimeString('en-GB')}`
    return html`<section class="card who" aria-label="Who is signed in"><p>Signed in as <b>${name}</b>.<br><small>Level ${level}, by ${method}; ${proof}.</small>${citizen.degraded && html`<br><b>The identity provider does not answer. Nobody is signed out for that.</b>`}</p>
<form method="post" action="/session/logout"><button>Sign out everywhere</button></form>
<form method="post" action="/session/logout"><input type="hidden" name="scope" value="application"><button class="plain">Sign out here only</button></form>
${onward}</section>`
  }
  const isHalfway = citizen.state === 'mfa-required'
  const reason = isHalfway ? 'the second proof is missing' : (reasons[citizen.reason] ?? 'see the code')
  return html`<section class="card who" aria-label="Who is signed in"><p><b>Not signed in</b>: ${reason}.<br><small>Code: <code>${citizen.reason ?? citizen.state}</code></small></p>
<a class="button" href="/session/login?returnTo=/private">${isHalfway ? 'Go on' : 'Sign in'}</a></section>`
}
