/** @module The frame of every page that a person sees: it names the application, leads home, and loads nothing unsaid. */
import type { Reply } from '../exchange.js'
import { parseUrl } from '../parse-url.js'
import { escapeHtml } from './escape.js'
import { style, styleSource } from './style.js'

/** Whose pages they are. */
export interface PageHome {
  /** Name of the application, as its people know it. */
  readonly name: string
  /** Path of its start page, as the browser sees it: where its name leads. */
  readonly startPage: string
}

/** The look that all pages of one application share. */
export interface PageFrame extends PageHome {
  /** Address of its logo, shown in place of the name: a path of the application or an absolute address. */
  readonly logo?: string | undefined
  /** Address of a style sheet instead of the built-in one: a path of the application or an absolute address. */
  readonly stylesheet?: string | undefined
}

/** One page: texts are plain, markup is escaped already. */
export interface Document {
  readonly status: number
  /** Language tag. */
  readonly language: string
  /** Also the heading. */
  readonly title: string
  /** Markup below the heading. */
  readonly content: string
  /** Markup of the head, besides what every page has. */
  readonly head?: string | undefined
  /** Markup behind everything else. */
  readonly end?: string | undefined
  /** Addresses of pictures in the content, besides the logo. */
  readonly images?: readonly string[] | undefined
  /** Directives of the policy besides those for style, logo and frames. */
  readonly directives: readonly string[]
  /** Who may show the page in a frame: `none` (default), `self`, or origins separated by blanks. */
  readonly frameAncestors?: string | undefined
  /** More response headers, lower-case names; they replace those of the frame. */
  readonly headers?: Readonly<Record<string, string>> | undefined
}

/** Height of the logo in CSS pixels, so that nothing moves when it has come. */
const logoHeight = 40

/**
 * Renders the document. `Referrer-Policy` is `same-origin`, not `no-referrer`: under the latter browsers send
 * `Origin: null` with the page's own forms, which then cannot be told from forged ones.
 * @throws TypeError for an address that is not http(s): a fault of the caller, never of the person.
 */
export function renderDocument(frame: PageFrame, document: Document): Reply {
  const title = escapeHtml(document.title)
  const name = escapeHtml(frame.name)
  const ancestors = document.frameAncestors ?? 'none'
  return {
    status: document.status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-language': document.language,
      'cache-control': 'private, no-store',
      'content-security-policy': policyOf(frame, document, ancestors),
      'x-content-type-options': 'nosniff',
      ...(ancestors === 'none' ? { 'x-frame-options': 'DENY' } : {}),
      'referrer-policy': 'same-origin',
      ...document.headers,
    },
    body:
      `<!doctype html><html lang="${escapeHtml(document.language)}"><head><meta charset="utf-8">${document.head ?? ''}` +
      '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">' +
      `<title>${title} · ${name}</title>${styleElement(frame.stylesheet)}</head>` +
      `<body><header><a href="${escapeHtml(webAddress(frame.startPage))}">${logoElement(frame) ?? name}</a></header>` +
      `<main><h1>${title}</h1>${document.content}</main>${document.end ?? ''}</body></html>\n`,
  }
}

/** The logo says the name by itself: beside it, a screen reader would read the name twice. */
function logoElement({ logo, name }: PageFrame): string | undefined {
  if (logo === undefined) return undefined
  return `<img src="${escapeHtml(webAddress(logo))}" alt="${escapeHtml(name)}" height="${logoHeight}">`
}

function styleElement(stylesheet: string | undefined): string {
  if (stylesheet === undefined) return `<style>${style}</style>`
  return `<link rel="stylesheet" href="${escapeHtml(webAddress(stylesheet))}">`
}

/** Source: CSP Level 3, sections 6.1 to 6.4. What is not named here, `default-src 'none'` covers. */
function policyOf(
  { logo, stylesheet }: PageFrame,
  { directives, images = [] }: Pick<Document, 'directives' | 'images'>,
  ancestors: string,
): string {
  const pictures = new Set([...(logo === undefined ? [] : [logo]), ...images].map(sourceOf))
  const styles = stylesheet === undefined ? styleSource : sourceOf(stylesheet)
  const mayShow = ancestors.split(/\s+/).map((word) => {
    return word === 'none' || word === 'self' ? `'${word}'` : sourceOf(word)
  })
  return [
    "default-src 'none'",
    `style-src ${styles}`,
    ...(pictures.size === 0 ? [] : [`img-src ${[...pictures].join(' ')}`]),
    ...directives,
    `frame-ancestors ${mayShow.join(' ')}`,
    "base-uri 'none'",
  ].join('; ')
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

/**
 * An address that a page may name: a path of ours, or an http(s) address.
 * @throws TypeError for any other.
 */
export function webAddress(address: string): string {
  // Browsers drop tabs and line breaks before they read an address: `/<tab>/host` would leave our origin.
  if (/\p{Cc}/u.test(address)) {
    throw new TypeError('a page links only to addresses without control characters')
  }
  if (/^\/(?![/\\])/.test(address)) return address
  if (/^https?:\/\//i.test(address) && parseUrl(address) !== undefined) return address
  throw new TypeError('a page links only to paths of its own and to http(s) addresses')
}
