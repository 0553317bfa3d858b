/** @module `citizen-session/header`: the element `<citizen-header>`. */
import { createBar } from './bar.js'
import type { CitizenHeaderElement } from './host.js'
import { configure, forget, type Header, show } from './session.js'

export type { CitizenHeaderElement } from './host.js'
export type { HeaderTexts } from './texts.js'

declare global {
  interface HTMLElementTagNameMap {
    'citizen-header': CitizenHeaderElement
  }
}

/** Where the header finds our routes, and what it shows. */
export interface CitizenHeaderOptions {
  /** Path of our routes as the browser sees it: `application.path` and `routes.path` together. Default `/session`. */
  readonly basePath?: string | undefined
  /** Name of the payload cookie. Default `c1_payload`. */
  readonly payloadCookie?: string | undefined
}

/**
 * Makes `<citizen-header>` known to the page. More than once does no harm, nor does a server without elements; what was
 * said first counts, for a page has one session.
 */
export function defineCitizenHeader({
  basePath = '/session',
  payloadCookie = 'c1_payload',
}: CitizenHeaderOptions = {}): void {
  const elements = globalThis.customElements as CustomElementRegistry | undefined
  if (!elements || elements.get('citizen-header')) return
  configure(basePath, payloadCookie)
  elements.define(
    'citizen-header',
    class extends HTMLElement {
      #header: Header | undefined

      connectedCallback(): void {
        this.#header ??= createBar(this)
        show(this.#header)
      }

      disconnectedCallback(): void {
        if (this.#header) forget(this.#header)
      }
    },
  )
}
