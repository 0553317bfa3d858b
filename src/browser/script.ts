/** @module The script of `<basePath>/client.js`: starts the client with what its own tag says. */

import { startCitizen } from './client.js'
import { citizenFetch } from './fetch.js'

declare global {
  /** What the script leaves for other scripts of the page. */
  var citizenSession: {
    readonly client: ReturnType<typeof startCitizen>
    readonly citizenFetch: typeof citizenFetch
  }
}

// Not `document.currentScript`: an element with that name would stand in its place.
const { dataset, src } = Reflect.get(Document.prototype, 'currentScript', document) as HTMLScriptElement
// Digits are a number, an attribute without a value is true.
const options = Object.entries(dataset).map(([name, text]) => [name, Number(text) || text || true])
const client = startCitizen({
  basePath: new URL(src).pathname.slice(0, -'/client.js'.length),
  ...Object.fromEntries(options),
})
globalThis.citizenSession = { client, citizenFetch }
client.subscribe(() => dispatchEvent(new Event('citizen')))
