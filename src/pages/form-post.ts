/** @module A page whose form sends itself: how a message gets to another site without being in any address. */
import { createHash } from 'node:crypto'
import type { Reply } from '../exchange.js'
import { escapeHtml } from './escape.js'
import { style, styleSource } from './style.js'
import { type Language, type TextKey, textOf } from './texts.js'

/** What the form sends, and where. */
export interface FormPost {
  readonly language: Language
  readonly title: TextKey
  /** Says what happens, to whoever has scripts switched off. */
  readonly paragraph: TextKey
  /** An http(s) address, or a path of ours. */
  readonly action: string
  readonly fields: readonly (readonly [name: string, value: string])[]
  /** Who may show the page in a frame: `none` (default), `self`, or an origin. */
  readonly frameAncestors?: string | undefined
}

/** By the prototype: a field may be called `submit`. */
const script = 'HTMLFormElement.prototype.submit.call(document.forms[0])'
const scriptSource = `'sha256-${createHash('sha256').update(script).digest('base64')}'`

/**
 * Renders the page. There is no `form-action` in its policy: browsers hold the redirects that answer a form to it, and
 * where a provider leads its visitors on to is not ours to know. Nothing in the page but the form can be sent.
 * Source: CSP Level 3, 6.3.1; SAML Bindings 3.5.5; OAuth 2.0 Form Post Response Mode.
 * @throws TypeError for an action that is not http(s) and no path: a fault of the caller.
 */
export function renderFormPost(page: FormPost): Reply {
  const text = (key: TextKey) => escapeHtml(textOf(page.language, key))
  if (!/^(?:https?:\/\/[^/]|\/(?![/\\]))/i.test(page.action) || /\p{Cc}/u.test(page.action)) {
    throw new TypeError('a form leads to an http(s) address or to a path of ours')
  }
  const inputs = page.fields.map(
    ([name, value]) => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`,
  )
  const ancestors = page.frameAncestors ?? 'none'
  const ancestor = ancestors === 'none' || ancestors === 'self' ? `'${ancestors}'` : new URL(ancestors).origin
  return {
    status: 200,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-language': page.language,
      'cache-control': 'no-cache, no-store, private',
      pragma: 'no-cache',
      'content-security-policy':
        `default-src 'none'; script-src ${scriptSource}; style-src ${styleSource}; ` +
        `frame-ancestors ${ancestor}; base-uri 'none'`,
      'x-content-type-options': 'nosniff',
      ...(ancestors === 'none' ? { 'x-frame-options': 'DENY' } : {}),
      'referrer-policy': 'same-origin',
    },
    body:
      `<!doctype html><html lang="${page.language}"><head><meta charset="utf-8">` +
      `<meta name="viewport" content="width=device-width, initial-scale=1">` +
      `<meta name="robots" content="noindex"><title>${text(page.title)}</title><style>${style}</style></head>` +
      `<body><main><h1>${text(page.title)}</h1><p>${text(page.paragraph)}</p>` +
      `<form method="post" action="${escapeHtml(page.action)}">${inputs.join('')}` +
      `<button class="primary">${text('action.continue')}</button></form></main>` +
      `<script>${script}</script></body></html>\n`,
  }
}
