/** @module Pages of the SAML identity provider that send themselves on: a form, frames, the end of a frame. */
import { createHash } from 'node:crypto'
import { language, say } from '../language.js'
import { html, type Markup, trusted } from '../markup.js'
import type { SamlMessage } from './outgoing.js'

const submit = 'document.forms[0].submit()'
const report =
  "parent.postMessage(document.body.dataset.id,location.origin);document.body.textContent='Done.'"
const wait = `(()=>{const left=new Set([...document.querySelectorAll('iframe')].map(f=>f.name));
const next=()=>location.replace(document.querySelector('a').href);
addEventListener('message',e=>{if(e.origin===location.origin&&left.delete(e.data)&&left.size===0)next()});
setTimeout(next,5000)})()`

const hashOf = (script: string) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`

interface SelfSending {
  readonly title: string
  readonly body: Markup
  readonly script: string
  readonly policy?: readonly string[]
  /** Origins that may frame the page besides our own. Default none. */
  readonly ancestors?: readonly string[]
}

/** Frames of ours may hold these pages: at logout the visits happen in frames. Others only where that is said. */
function selfSending({ title, body, script, policy = [], ancestors = [] }: SelfSending): Response {
  const headers = {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-cache, no-store',
    pragma: 'no-cache',
    'content-security-policy': [
      "default-src 'none'",
      `script-src ${hashOf(script)}`,
      "base-uri 'none'",
      `frame-ancestors ${["'self'", ...ancestors].join(' ')}`,
      ...policy,
    ].join('; '),
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
  }
  const page = html`<!doctype html>
<html lang="${language()}"><head><meta charset="utf-8"><title>${title} · CitizenOne emulator</title></head>
${body}
</html>
`
  // The scripts stand at the end of the body, where what they look for is there.
  return new Response(page.markup, { headers })
}

/**
 * A form that sends itself; `framed`: a page of the application may have it in a frame, as what shows nothing needs no
 * window. Source: SAML 2.0 Bindings, section 3.5.4.
 */
export function postPage({ url, fields }: SamlMessage, framed = false): Response {
  return selfSending({
    ...(framed ? { ancestors: [new URL(url).origin] } : {}),
    title: say('One moment', 'Un instant'),
    script: submit,
    // No form-action: browsers apply it to where the application leads the browser afterwards, too.
    body: html`<body><form method="post" action="${url}">
${Object.entries(fields ?? {}).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}
<noscript><p>${say('Your browser runs no scripts.', 'Votre navigateur n’exécute pas de scripts.')}</p></noscript><button>${say('Continue', 'Continuer')}</button></form>
<script>${trusted(submit)}</script></body>`,
  })
}

/** Every frame at once, then on by the link. */
export function framesPage(frames: readonly { id: string; url: string }[], next: string): Response {
  return selfSending({
    title: say('Signing out', 'Déconnexion en cours'),
    script: wait,
    policy: ['frame-src http: https:'],
    body: html`<body><p role="status">${say('Signing you out of your applications.', 'Nous vous déconnectons de vos applications.')}</p>
${frames.map(({ id, url }) => html`<iframe name="${id}" title="${say('An application', 'Une application')}" src="${url}" width="1" height="1"></iframe>`)}
<p><a href="${next}">${say('Continue', 'Continuer')}</a></p><script>${trusted(wait)}</script></body>`,
  })
}

/** What a frame ends with: tells the page around it. */
export function framedEnd(id: string): Response {
  return selfSending({
    title: say('Signed out', 'Déconnexion terminée'),
    script: report,
    body: html`<body data-id="${id}"><p>Done.</p><script>${trusted(report)}</script></body>`,
  })
}
