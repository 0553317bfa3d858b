/** @module XML that is escaped unless it was made here. */
import { CitizenSessionError } from '../../errors.js'
import type { Random } from '../random.js'

/** A piece of XML. */
export interface Xml {
  readonly xml: string
}

/** What a template takes: text is escaped, XML is not, lists are joined, `undefined` and `false` are nothing. */
export type XmlContent = string | number | Xml | undefined | false | readonly XmlContent[]

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
  // Ends of lines in XML 1.1 alone, which some parsers of 1.0 take for those as well.
  '\u0085': '&#133;',
  '\u2028': '&#8232;',
  '\u2029': '&#8233;',
}

// Characters that XML 1.0 cannot carry, even escaped. Source: XML 1.0, section 2.2.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const forbidden = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])/

function render(content: XmlContent): string {
  if (content === undefined || content === false) return ''
  if (typeof content === 'string' || typeof content === 'number') {
    const text = String(content)
    if (forbidden.test(text)) {
      throw new CitizenSessionError('emulator', 'saml: a value has a character that XML cannot carry')
    }
    return text.replace(/[&<>"'\t\n\r\u0085\u2028\u2029]/g, (character) => entities[character] ?? '')
  }
  return 'xml' in content ? content.xml : content.map(render).join('')
}

/** A template of XML. Line breaks of the template itself, with the blanks after them, are left out. */
export function xml(parts: TemplateStringsArray, ...contents: readonly XmlContent[]): Xml {
  const literal = (part: string | undefined) => (part ?? '').replace(/\n\s*/g, '')
  return { xml: parts.reduce((text, part, at) => text + render(contents[at - 1]) + literal(part), '') }
}

/** XML that is already a text of its own, as a signed message. */
export const asXml = (text: string): Xml => ({ xml: text })

/** An attribute with the blank before it; nothing for `undefined`. */
export const attribute = (name: string, value: string | undefined): Xml | undefined =>
  value === undefined ? undefined : xml` ${asXml(name)}="${value}"`

/** A message id: an NCName with 128 random bits. Source: SAML 2.0 Core, section 1.3.4. */
export const randomId = (random: Random): string => `_${Buffer.from(random(16)).toString('hex')}`

/** A time as SAML writes it. Source: SAML 2.0 Core, section 1.3.3. */
export const instant = (milliseconds: number): string => new Date(milliseconds).toISOString()
