/** @module Where a link on a page of `docs` leads: to a file that is there, and to a heading of it. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { root, textOf } from './source.js'

const headings = (text: string): readonly string[] =>
  [...text.matchAll(/^#{1,4} (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} -]/gu, '')
      .replaceAll(' ', '-'),
  )

/** Of headings with one text the later ones have a number behind it. */
const leadsTo = (slugs: readonly string[], anchor: string): boolean =>
  slugs.includes(anchor) || slugs.includes(anchor.replace(/-\d+$/, ''))

/** The addresses that a text of Markdown links to. */
export const linksIn = (text: string): readonly string[] =>
  [...text.matchAll(/\]\(([^)]+)\)/g)].map(([, address = '']) => address)

/** Whether an address, as a page of `docs` writes it, leads to a file and heading of ours. */
export function leadsSomewhere(address: string): boolean {
  const [path = '', anchor] = address.split('#')
  const file = path.startsWith('../') ? path.slice(3) : `docs/${path}`
  if (!existsSync(join(root, file))) return false
  return anchor === undefined || leadsTo(headings(textOf(file)), anchor)
}
