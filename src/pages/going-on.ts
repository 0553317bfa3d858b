/** @module A page that goes on to another site by itself, so that no policy holds up the way. */
import type { Reply } from '../exchange.js'
import { escapeHtml } from './escape.js'
import { style, styleSource } from './style.js'
import { type Language, type TextKey, textOf } from './texts.js'

/**
 * Renders the page. It has no form: what a form leads to is held to policies, what `http-equiv="refresh"` leads to is
 * not. The address may name the person by a hint: it is told to nobody in a `Referer`, and shown in no frame.
 * Source: CSP Level 3, 6.3.1; HTML, `http-equiv="refresh"`.
 * @throws TypeError for an address that is not http(s): a fault of the caller, never of the person.
 */
export function renderGoingOn(language: Language, address: string): Reply {
  if (!/^https?:\/\/[^/]/i.test(address) || /\p{Cc}/u.test(address)) {
    throw new TypeError('a page goes on to an http(s) address')
  }
  const text = (key: TextKey) => escapeHtml(textOf(language, key))
  const href = escapeHtml(address)
  return {
    status: 200,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-language': language,
      'cache-control': 'private, no-store',
      'content-security-policy':
        `default-src 'none'; style-src ${styleSource}; form-action 'none'; ` +
        "frame-ancestors 'none'; base-uri 'none'",
      'x-frame-options': 'DENY',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      // For programs that follow by themselves: to browsers it says nothing beside 200.
      location: address,
    },
    body:
      `<!doctype html><html lang="${language}"><head><meta charset="utf-8">` +
      `<meta http-equiv="refresh" content="0;url=${href}">` +
      '<meta name="viewport" content="width=device-width, initial-scale=1">' +
      `<meta name="robots" content="noindex"><title>${text('title.going-on')}</title><style>${style}</style></head>` +
      `<body><main><h1>${text('title.going-on')}</h1><p>${text('going-on.explain')}</p>` +
      `<nav><a class="primary" href="${href}">${text('action.continue')}</a></nav></main></body></html>\n`,
  }
}
