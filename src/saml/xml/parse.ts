/** @module The one XML parser: the very one that the signature library uses, behind the gate, into plain values. */
import { requireOfXmlCrypto } from '../../xml-crypto.js'
import { refuse, SamlError } from '../saml-error.js'
import { gateXml, messageLimits, type XmlLimits } from './gate.js'

/** An element as a value. Comments and instructions are gone; `text` is all of its own text, never a part of it. */
export interface XmlElement {
  readonly namespace: string
  /** Local name. */
  readonly name: string
  /** Attributes without a namespace by their name; others under `{namespace}name`. */
  readonly attributes: ReadonlyMap<string, string>
  readonly children: readonly XmlElement[]
  readonly text: string
}

/** A parsed document: its text, and its root as a value. */
export interface XmlDocument {
  readonly text: string
  readonly root: XmlElement
  /** Of an envelope: texts of the elements two below the root, in their order. */
  readonly parts: readonly string[]
  /** The parser's own node of an element of this document, for the signature library. */
  nodeOf(element: XmlElement): unknown
}

interface DomAttribute {
  readonly name: string
  readonly localName: string | null
  readonly namespaceURI: string | null
  readonly prefix: string | null
  readonly value: string
}

interface DomNode {
  readonly nodeType: number
  readonly data?: string
  readonly localName: string | null
  readonly namespaceURI: string | null
  readonly prefix: string | null
  readonly attributes: ArrayLike<DomAttribute>
  readonly childNodes: ArrayLike<DomNode>
}

interface DomParserConstructor {
  new (options: {
    errorHandler: (level: string, message: unknown) => void
  }): {
    parseFromString(text: string, type: string): { readonly documentElement: DomNode | null }
  }
}

const { DOMParser } = requireOfXmlCrypto('@xmldom/xmldom') as {
  readonly DOMParser: DomParserConstructor
}

const elementNode = 1
const textNode = 3
const cdataNode = 4
const instructionNode = 7
const commentNode = 8
const namespaceOfDeclarations = 'http://www.w3.org/2000/xmlns/'

/**
 * Parses a document that the gate lets through.
 * @throws SamlError for everything else, and for prefixes without a namespace.
 */
export function parseXml(text: string, limits: XmlLimits = messageLimits): XmlDocument {
  const parts = gateXml(text, limits)
  const nodes = new WeakMap<XmlElement, DomNode>()
  try {
    const root = new DOMParser({ errorHandler: () => refuse('malformed') }).parseFromString(
      text,
      'text/xml',
    ).documentElement
    if (root === null || root === undefined) return refuse('malformed')
    return { text, root: toElement(root, nodes), parts, nodeOf: (element) => nodes.get(element) }
  } catch (error) {
    if (error instanceof SamlError) throw error
    return refuse('malformed')
  }
}

function toElement(node: DomNode, nodes: WeakMap<XmlElement, DomNode>): XmlElement {
  const children: XmlElement[] = []
  let text = ''
  for (const child of Array.from(node.childNodes)) {
    if (child.nodeType === elementNode) children.push(toElement(child, nodes))
    else if (child.nodeType === textNode || child.nodeType === cdataNode) text += child.data ?? ''
    // The gate has let them stand: they are no part of the text.
    else if (child.nodeType !== commentNode && child.nodeType !== instructionNode) refuse('markup')
  }
  if (!node.namespaceURI && node.prefix) refuse('namespace')
  const element: XmlElement = {
    namespace: node.namespaceURI ?? '',
    name: node.localName ?? refuse('malformed'),
    attributes: attributesOf(node),
    children,
    text,
  }
  nodes.set(element, node)
  return element
}

function attributesOf(node: DomNode): ReadonlyMap<string, string> {
  const attributes = new Map<string, string>()
  for (const { name, localName, namespaceURI, prefix, value } of Array.from(node.attributes)) {
    if (namespaceURI === namespaceOfDeclarations || name === 'xmlns') continue
    if (prefix && !namespaceURI) refuse('namespace')
    const key = namespaceURI ? `{${namespaceURI}}${localName ?? name}` : name
    if (attributes.has(key)) refuse('namespace')
    attributes.set(key, value)
  }
  return attributes
}
