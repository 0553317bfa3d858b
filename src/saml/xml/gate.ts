/** @module The gate before the parser: refuses every text that two XML readers could understand differently. */
import { refuse } from '../saml-error.js'

/** What a document may be at most. */
export interface XmlLimits {
  readonly characters: number
  readonly depth: number
  readonly elements: number
  readonly attributes: number
  /**
   * A document that the operator has chosen may have all that XML allows but a DOCTYPE and entities: comments, CDATA, any
   * letter in a name, namespaces that are declared anew or taken back, IDs of any form. What strangers send may not.
   */
  readonly isMetadata: boolean
  /** Where processing instructions may stand. */
  readonly instructions: 'nowhere' | 'around' | 'anywhere'
  /** An envelope: in each element two below the root prefixes mean what it says itself, and one thing there. */
  readonly isEnvelope: boolean
}

/** For messages: 256 Ki characters. */
export const messageLimits: XmlLimits = {
  characters: 262_144,
  depth: 32,
  elements: 2048,
  attributes: 32,
  isMetadata: false,
  instructions: 'nowhere',
  isEnvelope: false,
}

/** For the envelope of a message, whose own prefixes are no part of the message. */
export const envelopeLimits: XmlLimits = { ...messageLimits, isEnvelope: true }

/** For metadata: 4 Mi characters, so that a small federation's file fits. */
export const metadataLimits: XmlLimits = {
  characters: 4_194_304,
  depth: 32,
  elements: 65_536,
  attributes: 64,
  isMetadata: true,
  instructions: 'anywhere',
  isEnvelope: false,
}

/** For metadata whose signature counts: the signature library reads instructions inside of it as texts. */
export const signedMetadataLimits: XmlLimits = { ...metadataLimits, instructions: 'around' }

const blank = '[ \\t\\r\\n]'
const startEndPattern = new RegExp(`${blank}*(/?)>`, 'y')

/** How names and the declaration may look. */
interface Grammar {
  readonly declaration: RegExp
  readonly start: RegExp
  readonly attribute: RegExp
  readonly end: RegExp
  readonly instruction: RegExp
  readonly ncName: RegExp
}

function createGrammar(name: string, encoding: string): Grammar {
  const qualified = `${name}(?::${name})?`
  const written = (word: string) => `(?:"${word}"|'${word}')`
  return {
    declaration: new RegExp(
      `^<\\?xml${blank}+version${blank}*=${blank}*${written('1\\.0')}(?:${blank}+encoding${blank}*=${blank}*${written(encoding)})?(?:${blank}+standalone${blank}*=${blank}*${written('(?:yes|no)')})?${blank}*\\?>`,
      'i',
    ),
    start: new RegExp(`<(${qualified})`, 'uy'),
    attribute: new RegExp(`${blank}+(${qualified})${blank}*=${blank}*(?:"([^"<]*)"|'([^'<]*)')`, 'uy'),
    end: new RegExp(`</(${qualified})${blank}*>`, 'uy'),
    instruction: new RegExp(`<\\?(?!xml(?:${blank}|\\?))${name}(?:${blank}|(?=\\?>))`, 'iuy'),
    ncName: new RegExp(`^${name}$`, 'u'),
  }
}

/** What strangers send: ASCII, and the encoding that it was read with. */
const plain = createGrammar('[A-Za-z_][A-Za-z0-9_.-]*', 'utf-8')
const letter =
  'A-Za-z_\\xC0-\\xD6\\xD8-\\xF6\\xF8-\\u02FF\\u0370-\\u037D\\u037F-\\u1FFF\\u200C\\u200D\\u2070-\\u218F\\u2C00-\\u2FEF\\u3001-\\uD7FF\\uF900-\\uFDCF\\uFDF0-\\uFFFD\\u{10000}-\\u{EFFFF}'
/** All names of XML, and any encoding: the text has been decoded before. Source: XML 1.0, section 2.3 and appendix F. */
const whole = createGrammar(
  `[${letter}][${letter}.0-9\\xB7\\u0300-\\u036F\\u203F\\u2040-]*`,
  '[A-Za-z][A-Za-z0-9._-]*',
)
/**
 * Canonicalization writes a namespace out wherever it is used anew: a long one, often used, would make gigabytes of a
 * message that nobody has signed.
 */
const longestNamespace = 256
const absoluteUri = /^[a-z][a-z0-9+.-]*:[^\s<>"'&]+$/i
const xmlNamespace = 'http://www.w3.org/XML/1998/namespace'
const reservedNamespaces = new Set([xmlNamespace, 'http://www.w3.org/2000/xmlns/'])
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that XML has no place for.
const impossible = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/

interface Gate {
  readonly limits: XmlLimits
  readonly grammar: Grammar
  readonly identifiers: Set<string>
  /** Of the document, or of the part of an envelope that is being read. */
  prefixes: Map<string, string>
}

/** How deep the parts of an envelope lie: what stands in its header and its body. */
const partDepth = 2

/**
 * Lets through only a plain subset of XML 1.0: balanced tags, one root, the five predefined entities, no DOCTYPE. Messages
 * have ASCII names, no CDATA, processing instruction or comment, unique IDs, and prefixes that mean one thing.
 * @returns of an envelope the texts of the elements two below the root, in their order.
 * @throws SamlError with `markup`, `malformed`, `too-large`, `too-complex`, `namespace` or `duplicate-id`.
 * Source: XML 1.0, section 2; SLO-22 to SLO-26.
 */
export function gateXml(text: string, limits: XmlLimits): readonly string[] {
  if (text.length > limits.characters) refuse('too-large')
  if (impossible.test(text) || text.startsWith('\ufeff') || /\p{Surrogate}/u.test(text)) refuse('encoding')
  const grammar = limits.isMetadata ? whole : plain
  const gate: Gate = { limits, grammar, identifiers: new Set(), prefixes: new Map() }
  const open: string[] = []
  const outside = gate.prefixes
  const parts: string[] = []
  let part = 0
  let position = grammar.declaration.exec(text)?.[0].length ?? 0
  let elements = 0
  let roots = 0
  while (position < text.length) {
    if (text[position] !== '<') {
      position = passText(text, position, open.length === 0)
      continue
    }
    const mark = text[position + 1]
    if (mark === '!' || mark === '?') {
      position = passMarkup(text, position, gate, open.length === 0)
    } else if (mark === '/') {
      const end = match(grammar.end, text, position)
      if (end?.[1] === undefined || end[1] !== open.pop()) refuse('malformed')
      position += end[0].length
      if (limits.isEnvelope && open.length === partDepth) parts.push(text.slice(part, position))
    } else {
      if (open.length === partDepth) part = position
      if (limits.isEnvelope && open.length <= partDepth)
        gate.prefixes = open.length === partDepth ? new Map() : outside
      const start = passStart(text, position, gate)
      elements += 1
      if (open.length === 0) roots += 1
      if (roots > 1) refuse('structure')
      if (elements > limits.elements || open.length >= limits.depth) refuse('too-complex')
      if (!start.isEmpty) open.push(start.name)
      position = start.next
      if (limits.isEnvelope && start.isEmpty && open.length === partDepth)
        parts.push(text.slice(part, position))
    }
  }
  if (open.length > 0 || roots === 0) refuse('malformed')
  return parts
}

function match(pattern: RegExp, text: string, position: number): RegExpExecArray | undefined {
  pattern.lastIndex = position
  return pattern.exec(text) ?? undefined
}

function passText(text: string, position: number, isOutside: boolean): number {
  const next = text.indexOf('<', position)
  const end = next === -1 ? text.length : next
  const part = text.slice(position, end)
  if (isOutside && /[^ \t\r\n]/.test(part)) refuse('malformed')
  if (part.includes(']]>')) refuse('malformed')
  checkReferences(part)
  return end
}

/** What is no element: comments, CDATA and instructions, where they have a place. Source: XML 1.0, 2.5 to 2.7. */
function passMarkup(text: string, position: number, { limits, grammar }: Gate, isOutside: boolean): number {
  if (limits.isMetadata && text.startsWith('<!--', position)) {
    // Two hyphens end a comment or have no place in it.
    const end = text.indexOf('--', position + 4)
    return end === -1 || text[end + 2] !== '>' ? refuse('malformed') : end + 3
  }
  if (limits.isMetadata && !isOutside && text.startsWith('<![CDATA[', position)) {
    const end = text.indexOf(']]>', position)
    return end === -1 ? refuse('malformed') : end + 3
  }
  const hasPlace = limits.instructions === 'anywhere' || (limits.instructions === 'around' && isOutside)
  if (!hasPlace || match(grammar.instruction, text, position) === undefined) refuse('markup')
  const end = text.indexOf('?>', position)
  return end === -1 ? refuse('malformed') : end + 2
}

function passStart(
  text: string,
  position: number,
  gate: Gate,
): { readonly name: string; readonly isEmpty: boolean; readonly next: number } {
  const start = match(gate.grammar.start, text, position)
  if (start?.[1] === undefined) return refuse('malformed')
  let next = position + start[0].length
  const seen = new Set<string>()
  let hasIdentifier = false
  for (;;) {
    const attribute = match(gate.grammar.attribute, text, next)
    if (attribute?.[1] === undefined) break
    const attributeName = attribute[1]
    const value = attribute[2] ?? attribute[3] ?? ''
    if (seen.has(attributeName)) refuse('malformed')
    seen.add(attributeName)
    if (seen.size > gate.limits.attributes) refuse('too-complex')
    checkReferences(value)
    if (/^xmlns/i.test(attributeName)) checkNamespace(attributeName, value, gate)
    if (!gate.limits.isMetadata && /^(?:.*:)?id$/i.test(attributeName)) {
      if (hasIdentifier) refuse('duplicate-id')
      hasIdentifier = true
      checkIdentifier(attributeName, value, gate)
    }
    next += attribute[0].length
  }
  const end = match(startEndPattern, text, next)
  if (end === undefined) return refuse('malformed')
  return { name: start[1], isEmpty: end[1] === '/', next: next + end[0].length }
}

/** Only `&amp; &lt; &gt; &quot; &apos;` and characters by number, if they are characters of XML. */
function checkReferences(part: string): void {
  for (let index = part.indexOf('&'); index !== -1; index = part.indexOf('&', index + 1)) {
    const reference = /^&(?:amp|lt|gt|quot|apos|#([0-9]{1,7})|#x([0-9A-Fa-f]{1,6}));/.exec(
      part.slice(index, index + 12),
    )
    if (reference === null) refuse('markup')
    const [, decimal, hexadecimal] = reference
    if (decimal === undefined && hexadecimal === undefined) continue
    const code = decimal === undefined ? Number.parseInt(hexadecimal ?? '', 16) : Number(decimal)
    const isSurrogate = code >= 0xd800 && code <= 0xdfff
    if (code > 0x10ffff || isSurrogate || impossible.test(String.fromCodePoint(code))) refuse('malformed')
  }
}

/** `xmlns` and `xmlns:prefix`; nothing that starts the same and is not one. Source: Namespaces in XML 1.0, section 3. */
function checkNamespace(attribute: string, value: string, gate: Gate): void {
  const prefix = attribute === 'xmlns' ? '' : /^xmlns:(.+)$/.exec(attribute)?.[1]
  if (prefix === undefined) refuse('namespace')
  if (value.length > longestNamespace) refuse('too-complex')
  if (gate.limits.isMetadata) {
    const isReserved = prefix === 'xml' || prefix === 'xmlns' || reservedNamespaces.has(value)
    if (isReserved && !(prefix === 'xml' && value === xmlNamespace)) refuse('namespace')
    // The default namespace alone can be taken back. Source: Namespaces in XML 1.0, section 6.2.
    if (value === '' && prefix !== '') refuse('namespace')
    return
  }
  if (/^xml/i.test(prefix) || !absoluteUri.test(value) || reservedNamespaces.has(value)) refuse('namespace')
  if (prefix === '') return
  const known = gate.prefixes.get(prefix)
  if (known !== undefined && known !== value) refuse('namespace')
  gate.prefixes.set(prefix, value)
}

function checkIdentifier(attribute: string, value: string, gate: Gate): void {
  if (attribute.includes(':')) refuse('duplicate-id')
  if (!gate.grammar.ncName.test(value)) refuse('id')
  if (gate.identifiers.has(value)) refuse('duplicate-id')
  gate.identifiers.add(value)
}
