/** @module `citizen-session/browser`: the client of a page. */

export type { ShownClaims } from './claims-cookie.js'
export { startCitizen } from './client.js'
export { citizenFetch } from './fetch.js'
export type {
  CitizenClient,
  CitizenClientOptions,
  CitizenEnd,
  CitizenSnapshot,
  CitizenWarning,
  SignOutWish,
} from './options.js'
export type { Status } from './status.js'
export type { Texts } from './texts.js'
