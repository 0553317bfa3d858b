/** @module Reads XML of service providers: one parser (that of xml-crypto), no DTD, no comments, limits first. */
import { requireOfXmlCrypto } from '../../xml-crypto.js'
import { SamlRefusal } from './refusal.js'

/** An element, as the identity provider reads it. */
export interface XmlElement {
  /** Local name. */
  readonly name: string
  readonly namespace: string
  /** Attributes without a namespace, by name. */
  readonly attributes: ReadonlyMap<string, string>
  readonly children: readonly XmlElement[]
  /** The text of the element and of everything in it, trimmed. */
  readonly text: string
  /** The node of the parser, for the signature check. */
  readonly node: unknown
}

interface DomNode {
  readonly nodeType: number
  readonly localName: string | null
  readonly namespaceURI: string | null
  readonly textContent: string | null
  readonly attributes?: ArrayLike<{
    readonly name: string
    readonly value: string
    readonly prefix?: string | null
  }>
  readonly childNodes: ArrayLike<DomNode>
}

interface Parser {
  parseFromString(text: string, type: string): DomNode | undefined
}

interface ParserModule {
  readonly DOMParser: new (options: { errorHandler: (level: string, message: string) => void }) => Parser
}

// A second parser could read something else than what the signature check saw.
const { DOMParser } = requireOfXmlCrypto('@xmldom/xmldom') as ParserModule

/** Longest message, in characters. */
export const longestMessage = 262_144
const deepest = 48
const mostNodes = 5_000

/** Parses a message. @throws `emulator`, problem `malformed`. */
export function parseXml(text: string): XmlElement {
  const refuse = (why: string, cause?: unknown) => new SamlRefusal('malformed', why, cause)
  if (text.length > longestMessage) throw refuse('the message is too long')
  if (/<!(?!\[CDATA\[)/.test(text)) throw refuse('a DOCTYPE or a comment has no place in a message')
  if (/<\?/.test(text.replace(/^\uFEFF?<\?xml [^?<>]*\?>/, ''))) {
    throw refuse('a processing instruction has no place in a message')
  }
  let document: DomNode | undefined
  try {
    const errorHandler = (level: string, message: string) => {
      throw new Error(`${level}: ${message}`)
    }
    document = new DOMParser({ errorHandler }).parseFromString(text, 'text/xml')
  } catch (cause) {
    throw refuse('the message is not well-formed XML', cause)
  }
  const nodes = Array.from(document?.childNodes ?? [])
  const roots = nodes.filter((node) => node.nodeType === 1)
  const [root] = roots
  if (root === undefined || roots.length > 1) throw refuse('a message has exactly one root')
  let seen = 0
  const convert = (node: DomNode, depth: number): XmlElement => {
    seen += 1
    if (depth > deepest || seen > mostNodes) throw refuse('the message is too deep or has too many elements')
    const attributes = Array.from(node.attributes ?? []).filter(({ prefix }) => !prefix)
    return {
      name: node.localName ?? '',
      namespace: node.namespaceURI ?? '',
      attributes: new Map(attributes.map(({ name, value }) => [name, value])),
      children: Array.from(node.childNodes)
        .filter((child) => child.nodeType === 1)
        .map((child) => convert(child, depth + 1)),
      text: (node.textContent ?? '').trim(),
      node,
    }
  }
  return convert(root, 0)
}

/** The children of that name. */
export const childrenOf = (
  element: XmlElement | undefined,
  namespace: string,
  name: string,
): readonly XmlElement[] =>
  element?.children.filter((child) => child.namespace === namespace && child.name === name) ?? []

/** The first child of that name. */
export const childOf = (
  element: XmlElement | undefined,
  namespace: string,
  name: string,
): XmlElement | undefined => childrenOf(element, namespace, name)[0]

/** Whether the element is that one. */
export const isElement = (element: XmlElement, namespace: string, name: string): boolean =>
  element.namespace === namespace && element.name === name
