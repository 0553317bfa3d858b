/** @module The script of `<basePath>/header.js`: makes the element known, with the routes that it came from. */
import { defineCitizenHeader } from './header.js'

const { dataset, src } = document.currentScript as HTMLScriptElement
defineCitizenHeader({ basePath: new URL(src).pathname.slice(0, -'/header.js'.length), ...dataset })
