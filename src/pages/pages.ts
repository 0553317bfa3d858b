/** @module All pages of one application: each in the person's language, and under the application's name. */
import type { Exchange, Reply } from '../exchange.js'
import type { PageFrame } from './document.js'
import { type FormPost, renderFormPost } from './form-post.js'
import { renderGoingOn } from './going-on.js'
import { type PageContent, renderPage } from './page.js'
import { languageOf } from './texts.js'

type Asking = Pick<Exchange, 'header'>

/** The pages of one application. Every method throws a TypeError for an address that is not http(s). */
export interface Pages {
  /** A page on which the person decides what comes next. */
  showPage(exchange: Asking, page: PageContent): Reply
  /** A page whose form sends itself. */
  showFormPost(exchange: Asking, form: Omit<FormPost, 'language'>): Reply
  /** A page that goes on to another site by itself. */
  showGoingOn(exchange: Asking, address: string): Reply
}

/** What the pages need of the options. */
export interface PagesOptions {
  readonly application: {
    readonly name: string
    readonly startPage: string
    readonly logo: string | undefined
  }
  readonly routes: { readonly stylesheet: string | undefined }
}

/** Makes the pages. */
export function createPages({ application, routes }: PagesOptions): Pages {
  const { name, startPage, logo } = application
  const frame: PageFrame = { name, startPage, logo, stylesheet: routes.stylesheet }
  const languageFor = (exchange: Asking) => languageOf(exchange.header('accept-language'))
  return {
    showPage: (exchange, page) => renderPage(frame, { ...page, language: languageFor(exchange) }),
    showFormPost: (exchange, form) => renderFormPost(frame, { ...form, language: languageFor(exchange) }),
    showGoingOn: (exchange, address) => renderGoingOn(frame, languageFor(exchange), address),
  }
}
