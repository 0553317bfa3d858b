/** @module The element as a page sees it: what scripts may give it. */
import type { CitizenClient } from '../options.js'
import type { HeaderTexts } from './texts.js'

/** The element `<citizen-header>`. */
export interface CitizenHeaderElement extends HTMLElement {
  /** The client of the page, where it was started by `startCitizen`: then that signs out. */
  client?: CitizenClient | null | undefined
  /** Words instead of ours. */
  texts?: Partial<HeaderTexts> | undefined
}
