/** @module `citizen-session/browser`: the client of a page. */
export { citizenFetch } from './fetch.js'
export type {
  CitizenClient,
  CitizenClientOptions,
  CitizenEnd,
  CitizenSnapshot,
  CitizenWarning,
  SignOutWish,
} from './options.js'
export type { ShownClaims } from './payload.js'
export { startCitizen } from './session.js'
export type { Status } from './status.js'
export type { Texts } from './texts.js'
