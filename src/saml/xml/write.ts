/** @module Writes elements as text: everything that is not ours is escaped. */

/** A piece of XML that has been written by {@link element}. */
export interface Markup {
  readonly markup: string
}

const replacements: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '\t': '&#x9;',
  '\n': '&#xA;',
  '\r': '&#xD;',
  // Ends of lines in XML 1.1 alone, which some parsers of 1.0 take for those as well.
  '\u0085': '&#x85;',
  '\u2028': '&#x2028;',
  '\u2029': '&#x2029;',
}

/** Escapes a text for content or attribute. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"'\t\n\r\u0085\u2028\u2029]/g, (character) => replacements[character] ?? character)
}

/**
 * Writes an element. Attributes that are `undefined` are left out; texts are escaped, other elements are not.
 */
export function element(
  name: string,
  attributes: Readonly<Record<string, string | undefined>> = {},
  ...children: readonly (string | Markup | undefined)[]
): Markup {
  let start = `<${name}`
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined) start += ` ${key}="${escapeXml(value)}"`
  }
  const content = children.map((child) => {
    if (child === undefined) return ''
    return typeof child === 'string' ? escapeXml(child) : child.markup
  })
  return { markup: content.length === 0 ? `${start}/>` : `${start}>${content.join('')}</${name}>` }
}

/** A time as SAML writes it. */
export function writeInstant(milliseconds: number): string {
  return new Date(milliseconds).toISOString()
}
