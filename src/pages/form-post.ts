/** @module A page whose form sends itself: how a message gets to another site without being in any address. */
import { createHash } from 'node:crypto'
import type { Reply } from '../exchange.js'
import { type PageHome, renderDocument } from './document.js'
import { escapeHtml } from './escape.js'
import { type Language, textOf } from './texts.js'

/** What the form sends, and where. */
export interface FormPost {
  readonly language: Language
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
 * where a provider leads its visitors on to is not ours to know. Nothing in the page but the form can be sent. It loads
 * neither logo nor style sheet: a script waits for style sheets, and who serves them is not told of a message.
 * Source: CSP Level 3, 6.3.1; SAML Bindings 3.5.5; OAuth 2.0 Form Post Response Mode.
 * @throws TypeError for an action that is not http(s) and no path: a fault of the caller.
 */
export function renderFormPost(home: PageHome, page: FormPost): Reply {
  const { language } = page
  if (!/^(?:https?:\/\/[^/]|\/(?![/\\]))/i.test(page.action) || /\p{Cc}/u.test(page.action)) {
    throw new TypeError('a form leads to an http(s) address or to a path of ours')
  }
  const inputs = page.fields.map(
    ([field, value]) => `<input type="hidden" name="${escapeHtml(field)}" value="${escapeHtml(value)}">`,
  )
  return renderDocument(
    { name: home.name, startPage: home.startPage },
    {
      status: 200,
      language,
      title: textOf(language, 'title.going-on'),
      content:
        `<p>${escapeHtml(textOf(language, 'going-on.explain'))}</p>` +
        `<form method="post" action="${escapeHtml(page.action)}">${inputs.join('')}` +
        `<button class="primary">${escapeHtml(textOf(language, 'action.continue'))}</button></form>`,
      end: `<script>${script}</script>`,
      directives: [`script-src ${scriptSource}`],
      frameAncestors: page.frameAncestors,
      headers: { 'cache-control': 'no-cache, no-store, private', pragma: 'no-cache' },
    },
  )
}
