/** @module The gate before the parser: refuses every text that two XML readers could understand differently. */
import { refuse } from './saml-error.js'

/** What a document may be at most. */
export interface XmlLimits {
  readonly characters: number
  readonly depth: number
  readonly elements: number
  readonly attributes: number
  /** Comments may stand between elements, and a prefix may mean different things in different places. */
  readonly isMetadata: boolean
}

/** For messages: 256 Ki characters. */
export const messageLimits: XmlLimits = {
  characters: 262_144,
  depth: 32,
  elements: 2048,
  attributes: 32,
  isMetadata: false,
}

/** For metadata: 4 Mi characters, so that a small federation's file fits. */
export const metadataLimits: XmlLimits = {
  characters: 4_194_304,
  depth: 32,
  elements: 65_536,
  attributes: 64,
  isMetadata: true,
}

const name = '[A-Za-z_][A-Za-z0-9_.-]*'
const qualified = `${name}(?::${name})?`
const blank = '[ \\t\\r\\n]'
const declaration =
  /^<\?xml[ \t\r\n]+version=["']1\.0["'](?:[ \t\r\n]+encoding=["']utf-8["'])?(?:[ \t\r\n]+standalone=["'](?:yes|no)["'])?[ \t\r\n]*\?>/i
const startPattern = new RegExp(`<(${qualified})`, 'y')
const attributePattern = new RegExp(
  `${blank}+(${qualified})${blank}*=${blank}*(?:"([^"<]*)"|'([^'<]*)')`,
  'y',
)
const startEndPattern = new RegExp(`${blank}*(/?)>`, 'y')
const endPattern = new RegExp(`</(${qualified})${blank}*>`, 'y')
const ncName = new RegExp(`^${name}$`)
/**
 * Canonicalization writes a namespace out wherever it is used anew: a long one, often used, would make gigabytes of a
 * message that nobody has signed.
 */
const longestNamespace = 256
const absoluteUri = /^[a-z][a-z0-9+.-]*:[^\s<>"'&]+$/i
const reservedNamespaces = new Set(['http://www.w3.org/XML/1998/namespace', 'http://www.w3.org/2000/xmlns/'])
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that XML has no place for.
const impossible = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/

interface Gate {
  readonly limits: XmlLimits
  readonly identifiers: Set<string>
  readonly prefixes: Map<string, string>
}

/**
 * Lets through only a plain subset of XML 1.0: UTF-8, ASCII names, balanced tags, one root, the five predefined
 * entities, no DOCTYPE, CDATA, processing instruction or (in messages) comment, unique IDs, prefixes that mean one thing.
 * @throws SamlError with `markup`, `malformed`, `too-large`, `too-complex`, `namespace` or `duplicate-id`.
 * Source: XML 1.0, section 2; SLO-22 to SLO-26.
 */
export function gateXml(text: string, limits: XmlLimits): void {
  if (text.length > limits.characters) refuse('too-large')
  if (impossible.test(text) || text.startsWith('\ufeff') || /\p{Surrogate}/u.test(text)) refuse('encoding')
  const gate: Gate = { limits, identifiers: new Set(), prefixes: new Map() }
  const open: string[] = []
  let position = declaration.exec(text)?.[0].length ?? 0
  let elements = 0
  let roots = 0
  while (position < text.length) {
    if (text[position] !== '<') {
      position = passText(text, position, open.length === 0)
      continue
    }
    const mark = text[position + 1]
    if (mark === '!' || mark === '?') {
      position = passComment(text, position, limits)
    } else if (mark === '/') {
      const end = match(endPattern, text, position)
      if (end?.[1] === undefined || end[1] !== open.pop()) refuse('malformed')
      position += end[0].length
    } else {
      const start = passStart(text, position, gate)
      elements += 1
      if (open.length === 0) roots += 1
      if (roots > 1) refuse('structure')
      if (elements > limits.elements || open.length >= limits.depth) refuse('too-complex')
      if (!start.isEmpty) open.push(start.name)
      position = start.next
    }
  }
  if (open.length > 0 || roots === 0) refuse('malformed')
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

function passComment(text: string, position: number, limits: XmlLimits): number {
  if (!limits.isMetadata || !text.startsWith('<!--', position)) refuse('markup')
  // Two hyphens end a comment or have no place in it. Source: XML 1.0, section 2.5.
  const end = text.indexOf('--', position + 4)
  if (end === -1 || text[end + 2] !== '>') refuse('malformed')
  return end + 3
}

function passStart(
  text: string,
  position: number,
  gate: Gate,
): { readonly name: string; readonly isEmpty: boolean; readonly next: number } {
  const start = match(startPattern, text, position)
  if (start?.[1] === undefined) return refuse('malformed')
  let next = position + start[0].length
  const seen = new Set<string>()
  let hasIdentifier = false
  for (;;) {
    const attribute = match(attributePattern, text, next)
    if (attribute?.[1] === undefined) break
    const attributeName = attribute[1]
    const value = attribute[2] ?? attribute[3] ?? ''
    if (seen.has(attributeName)) refuse('malformed')
    seen.add(attributeName)
    if (seen.size > gate.limits.attributes) refuse('too-complex')
    checkReferences(value)
    if (/^xmlns/i.test(attributeName)) checkNamespace(attributeName, value, gate)
    if (/^(?:.*:)?id$/i.test(attributeName)) {
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

/** `xmlns` and `xmlns:prefix` with an absolute address; nothing that starts the same and is not one. */
function checkNamespace(attribute: string, value: string, gate: Gate): void {
  const prefix = attribute === 'xmlns' ? '' : /^xmlns:(.+)$/.exec(attribute)?.[1]
  if (prefix === undefined || /^xml/i.test(prefix)) refuse('namespace')
  if (value.length > longestNamespace) refuse('too-complex')
  if (!absoluteUri.test(value) || reservedNamespaces.has(value)) refuse('namespace')
  if (prefix === '' || gate.limits.isMetadata) return
  const known = gate.prefixes.get(prefix)
  if (known !== undefined && known !== value) refuse('namespace')
  gate.prefixes.set(prefix, value)
}

function checkIdentifier(attribute: string, value: string, gate: Gate): void {
  if (attribute.includes(':')) refuse('duplicate-id')
  if (!ncName.test(value)) refuse('id')
  if (gate.identifiers.has(value)) refuse('duplicate-id')
  gate.identifiers.add(value)
}
