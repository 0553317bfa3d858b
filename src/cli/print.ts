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

/** Text narrower than that is not wrapped: it would be a column of single words. */
const leastWidth = 40

/** A text in lines of at most `width` characters, broken at blanks; a longer word stays whole. */
export function wrap(text: string, width: number): readonly string[] {
  if (width < leastWidth) return [text]
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}
