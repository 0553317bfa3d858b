/** @module The script of `<basePath>/header.js`: makes the element known, with the routes that it came from. */
import { defineCitizenHeader } from './header.js'

// Not `document.currentScript`: an element with that name would stand in its place.
const script = Reflect.get(Document.prototype, 'currentScript', document) as HTMLScriptElement
defineCitizenHeader({
  basePath: new URL(script.src).pathname.slice(0, -'/header.js'.length),
  ...script.dataset,
})
