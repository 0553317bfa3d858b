/** @module Text for a terminal: colours, and nothing from outside that a terminal would obey. */
import { styleText } from 'node:util'
import { printable } from '../printable.js'
import type { Console } from './command.js'

/** The styles that are used. */
export type Style = 'green' | 'yellow' | 'red' | 'dim' | 'bold'

/** Colours a text, or leaves it as it is where nobody would see the colour. */
export function createPaint(console: Console): (style: Style, text: string) => string {
  if (console.isColoured !== true) return (_, text) => text
  // Newer Nodes look at the process's own output by themselves; what counts is the console that was handed in.
  const options = { validateStream: false }
  return (style, text) => Reflect.apply(styleText, undefined, [style, text, options])
}

/** A document as JSON that a terminal may be shown: see {@link printable}; the escapes are JSON's own. */
export function printableJson(document: unknown): string {
  return JSON.stringify(document, undefined, 2).split('\n').map(printable).join('\n')
}
