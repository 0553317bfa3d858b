/** @module How a token gets to the partner: a form that sends itself, or a redirect; and the page before either. */
import { createHash } from 'node:crypto'
import type { Reply } from '../exchange.js'
import { renderDocument } from '../pages/document.js'
import { escapeHtml } from '../pages/escape.js'
import { languageOf } from '../pages/texts.js'
import { parseUrl } from '../parse-url.js'
import type { SsoRequest } from './mount.js'

/** Where and how a partner takes tokens. Its documentation, or its dashboard, says so. */
export interface HandOverOptions {
  /** The partner's address: https, without a fragment. */
  readonly url: string
  /** Name of the form field or query parameter. Default `token`. */
  readonly parameter?: string | undefined
  /**
   * `form` (default): a page whose form sends itself; the token is in no address, history or log. `redirect`: a page that
   * goes on to an address with the token in the query, for partners that take nothing else.
   */
  readonly delivery?: 'form' | 'redirect' | undefined
  /** Method of the form. Default `POST`; `GET` puts the token into the address, as a redirect does. */
  readonly method?: 'POST' | 'GET' | undefined
  /** More fields or query parameters, the same for everybody. */
  readonly fields?: Readonly<Record<string, string>> | undefined
  /** Texts of the pages. Default: English, or French where the browser prefers it. */
  readonly texts?: HandOverTexts | undefined
}

/** Texts of the pages. */
export interface HandOverTexts {
  /** A language tag, as in `en`. */
  readonly language: string
  readonly title: string
  readonly explanation: string
  readonly button: string
}

/** The pages and answers of one partner. */
export interface HandOver {
  /** The page with a button, and no token in it. */
  ask(request: SsoRequest, status: number): Reply
  /** The answer that takes the token to the partner. */
  deliver(request: SsoRequest, token: string): Reply
}

const english: HandOverTexts = {
  language: 'en',
  title: 'Continue to the other site',
  explanation: 'You are signed in here. The button takes you on, and signs you in there as well.',
  button: 'Continue',
}

const french: HandOverTexts = {
  language: 'fr',
  title: 'Continuer vers l’autre site',
  explanation: 'Vous êtes connecté ici. Le bouton vous y mène, et vous y connecte aussi.',
  button: 'Continuer',
}

/**
 * While the page loads, so that it leaves no entry in the history to come back to; a page that the browser shows from
 * its memory runs no script again. By the prototype: a field may be called `submit`.
 */
const script = 'HTMLFormElement.prototype.submit.call(document.forms[0])'

const scriptSource = `'sha256-${createHash('sha256').update(script).digest('base64')}'`

/**
 * Makes the pages and answers of one partner; `name` is that of our own application.
 * @throws TypeError for an address or a name that cannot be.
 */
export function createHandOver(options: HandOverOptions, name: string): HandOver {
  const home = { name, startPage: '/' }
  const { parameter = 'token', delivery = 'form', method = 'POST', fields = {} } = options
  const url = partnerUrl(options.url)
  for (const name of [parameter, ...Object.keys(fields)]) {
    if (!/^[\w.~-]{1,64}$/.test(name)) throw new TypeError(`"${name}" is no name of a form field`)
    if (url.searchParams.has(name))
      throw new TypeError(`the partner's address has the parameter "${name}" already`)
  }
  if (Object.hasOwn(fields, parameter))
    throw new TypeError(`fields has "${parameter}", the name of the token`)
  if (method === 'GET' && delivery === 'form' && url.search !== '') {
    throw new TypeError(
      'a form with method GET drops the query of its address: name its parameters in `fields`',
    )
  }
  const textsFor = (request: SsoRequest): HandOverTexts => options.texts ?? preferred(request)

  return {
    ask(request, status) {
      const { language, title, explanation, button } = textsFor(request)
      return renderDocument(home, {
        status,
        language,
        title,
        content:
          `<p>${escapeHtml(explanation)}</p><form method="post">` +
          `<button class="primary">${escapeHtml(button)}</button></form>`,
        directives: ["form-action 'self'"],
      })
    },
    deliver(request, token) {
      const { language, title, button } = textsFor(request)
      const common = { status: 200, language, title }
      if (delivery === 'redirect') {
        const target = new URL(url)
        for (const [field, value] of Object.entries(fields)) target.searchParams.set(field, value)
        target.searchParams.set(parameter, token)
        // No redirect: browsers hold one that answers a form to the policy of the page that has the form.
        const href = escapeHtml(target.href)
        return renderDocument(home, {
          ...common,
          content: `<nav><a class="primary" href="${href}">${escapeHtml(button)}</a></nav>`,
          head: `<meta http-equiv="refresh" content="0;url=${href}">`,
          directives: ["form-action 'none'"],
          headers: { 'referrer-policy': 'no-referrer' },
        })
      }
      const inputs = Object.entries({ ...fields, [parameter]: token }).map(
        ([field, value]) => `<input type="hidden" name="${escapeHtml(field)}" value="${escapeHtml(value)}">`,
      )
      // The partner learns our origin, which it may check, and not the path. Without `form-action`: browsers hold a form
      // to every redirect on its way, and where the partner leads on to is not ours to know.
      return renderDocument(home, {
        ...common,
        content:
          `<form method="${method.toLowerCase()}" action="${escapeHtml(url.href)}">${inputs.join('')}` +
          `<button class="primary">${escapeHtml(button)}</button></form>`,
        end: `<script>${script}</script>`,
        directives: [`script-src ${scriptSource}`],
        headers: { 'referrer-policy': 'strict-origin' },
      })
    },
  }
}

function preferred(request: SsoRequest): HandOverTexts {
  return languageOf(request.header('accept-language')) === 'fr' ? french : english
}

function partnerUrl(text: string): URL {
  const url = parseUrl(text)
  if (url === undefined || url.username !== '' || url.password !== '' || url.hash !== '')
    throw new TypeError("the partner's address is an absolute one, without user and fragment")
  const isLoopback = /^(?:localhost|127\.0\.0\.1|\[::1\]|.+\.localhost)$/.test(url.hostname)
  const isHttp = url.protocol === 'http:' && isLoopback && process.env.NODE_ENV?.trim() !== 'production'
  if (url.protocol !== 'https:' && !isHttp)
    throw new TypeError("the partner's address is https; http only on loopback, outside of production")
  // The URL parser lets `;`, `,`, `'` and `*` through in a host.
  if (!/^(?:[\w.-]+|\[[\da-f:.]+\])$/.test(url.hostname))
    throw new TypeError("the partner's host has characters that no host has")
  return url
}
