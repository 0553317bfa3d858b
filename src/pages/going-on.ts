/** @module A page that goes on to another site by itself, so that no policy holds up the way. */
import type { Reply } from '../exchange.js'
import { type PageHome, renderDocument } from './document.js'
import { escapeHtml } from './escape.js'
import { type Language, textOf } from './texts.js'

/**
 * Renders the page. It has no form: what a form leads to is held to policies, what `http-equiv="refresh"` leads to is
 * not. The address may name the person by a hint: it is told to nobody in a `Referer`, and shown in no frame. The page
 * loads nothing.
 * Source: CSP Level 3, 6.3.1; HTML, `http-equiv="refresh"`.
 * @throws TypeError for an address that is not http(s): a fault of the caller, never of the person.
 */
export function renderGoingOn(home: PageHome, language: Language, address: string): Reply {
  if (!/^https?:\/\/[^/]/i.test(address) || /\p{Cc}/u.test(address)) {
    throw new TypeError('a page goes on to an http(s) address')
  }
  const href = escapeHtml(address)
  return renderDocument(
    { name: home.name, startPage: home.startPage },
    {
      status: 200,
      language,
      title: textOf(language, 'title.going-on'),
      content:
        `<p>${escapeHtml(textOf(language, 'going-on.explain'))}</p>` +
        `<nav><a class="primary" href="${href}">${escapeHtml(textOf(language, 'action.continue'))}</a></nav>`,
      head: `<meta http-equiv="refresh" content="0;url=${href}">`,
      directives: ["form-action 'none'"],
      headers: {
        'referrer-policy': 'no-referrer',
        // For programs that follow by themselves: to browsers it says nothing beside 200.
        location: address,
      },
    },
  )
}
