/** @module Renders the pages that we serve: escaped, under a content security policy, without scripts. */
import type { Reply } from '../exchange.js'
import { parseUrl } from '../parse-url.js'
import { escapeHtml } from './escape.js'
import { style, styleSource } from './style.js'
import { isTextKey, type Language, type TextKey, textOf } from './texts.js'

/** Something that the person can do on a page. */
export interface PageAction {
  readonly label: TextKey
  /** `get` without fields is a link, anything else a form. */
  readonly method: 'get' | 'post'
  /** A path of ours or an http(s) address. */
  readonly href: string
  /** Hidden fields of the form. */
  readonly fields?: Readonly<Record<string, string>> | undefined
  readonly primary?: boolean | undefined
}

/** A line of a list, such as a leg of a receipt. */
export interface PageFact {
  /** A key of the texts, or any text. */
  readonly label: TextKey | (string & {})
  /** A key of the texts, or any text. */
  readonly value: TextKey | (string & {})
}

/** What a page says. */
export interface Page {
  readonly status: number
  readonly language: Language
  readonly title: TextKey
  readonly paragraphs: readonly TextKey[]
  readonly facts?: readonly PageFact[] | undefined
  readonly actions: readonly PageAction[]
  /** Address of a style sheet instead of the built-in one: a path of ours or an absolute address. */
  readonly stylesheet?: string | undefined
  /** Who may show the page in a frame: `none` (default), `self`, or origins separated by blanks. */
  readonly frameAncestors?: string | undefined
}

/**
 * Renders a page. `Referrer-Policy` is `same-origin`, not `no-referrer`: under the latter browsers send
 * `Origin: null` with the page's own forms, which then cannot be told from forged ones.
 * @throws TypeError for an address that is not http(s): a fault of the caller, never of the person.
 */
export function renderPage(page: Page): Reply {
  const text = (key: TextKey) => escapeHtml(textOf(page.language, key))
  const lookUp = (keyOrText: string) => (isTextKey(keyOrText) ? text(keyOrText) : escapeHtml(keyOrText))
  const title = text(page.title)
  const paragraphs = page.paragraphs.map((key) => `<p>${text(key)}</p>`).join('')
  const facts = (page.facts ?? []).map(
    ({ label, value }) => `<div><dt>${lookUp(label)}</dt><dd>${lookUp(value)}</dd></div>`,
  )
  const list = facts.length === 0 ? '' : `<dl>${facts.join('')}</dl>`
  const actions = page.actions.map((action) => renderAction(action, text(action.label))).join('')
  const frame = page.frameAncestors ?? 'none'
  const nav = actions === '' ? '' : `<nav>${actions}</nav>`
  return {
    status: page.status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-language': page.language,
      'cache-control': 'private, no-store',
      'content-security-policy': policyOf(page),
      'x-content-type-options': 'nosniff',
      ...(frame === 'none' ? { 'x-frame-options': 'DENY' } : {}),
      'referrer-policy': 'same-origin',
    },
    body:
      `<!doctype html><html lang="${page.language}"><head><meta charset="utf-8">` +
      `<meta name="viewport" content="width=device-width, initial-scale=1">` +
      `<meta name="robots" content="noindex"><title>${title}</title>${styleElement(page.stylesheet)}</head>` +
      `<body><main><h1>${title}</h1>${paragraphs}${list}${nav}</main></body></html>\n`,
  }
}

function renderAction(action: PageAction, label: string): string {
  const address = escapeHtml(webAddress(action.href))
  const mark = action.primary === true ? ' class="primary"' : ''
  const fields = Object.entries(action.fields ?? {})
  if (action.method === 'get' && fields.length === 0) return `<a${mark} href="${address}">${label}</a>`
  const inputs = fields.map(
    ([name, value]) => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`,
  )
  return `<form method="${action.method}" action="${address}">${inputs.join('')}<button${mark}>${label}</button></form>`
}

function styleElement(stylesheet: string | undefined): string {
  if (stylesheet === undefined) return `<style>${style}</style>`
  return `<link rel="stylesheet" href="${escapeHtml(webAddress(stylesheet))}">`
}

/** Source: CSP Level 3, sections 6.1 to 6.4. No `script-src`: `default-src 'none'` covers it. */
function policyOf(page: Page): string {
  const styles = page.stylesheet === undefined ? styleSource : sourceOf(page.stylesheet)
  const ancestors = (page.frameAncestors ?? 'none').split(/\s+/).map((word) => {
    return word === 'none' || word === 'self' ? `'${word}'` : sourceOf(word)
  })
  return (
    `default-src 'none'; style-src ${styles}; form-action 'self'; ` +
    `frame-ancestors ${ancestors.join(' ')}; base-uri 'none'`
  )
}

/** The origin of an address as a source expression: nothing but the origin can reach the header. */
function sourceOf(address: string): string {
  const web = webAddress(address)
  if (web.startsWith('/')) return "'self'"
  const { origin } = new URL(web)
  // The URL parser lets `;`, `,`, `'` and `*` through in a host; in a policy they would begin something else.
  if (!/^https?:\/\/(?:[\w.-]+|\[[\da-f:.]+\])(?::\d+)?$/.test(origin)) {
    throw new TypeError('a page names only plain origins in its policy')
  }
  return origin
}

function webAddress(address: string): string {
  // Browsers drop tabs and line breaks before they read an address: `/<tab>/host` would leave our origin.
  if (/\p{Cc}/u.test(address))
    throw new TypeError('a page links only to addresses without control characters')
  if (/^\/(?![/\\])/.test(address)) return address
  if (/^https?:\/\//i.test(address) && parseUrl(address) !== undefined) return address
  throw new TypeError('a page links only to paths of its own and to http(s) addresses')
}
