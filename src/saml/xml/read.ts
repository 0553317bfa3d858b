/** @module Reads values from elements: the right number of children, whole texts, required attributes. */
import { refuse } from '../saml-error.js'
import type { XmlElement } from './parse.js'

/** The namespaces of what we read and write. */
export const namespaces = {
  assertion: 'urn:oasis:names:tc:SAML:2.0:assertion',
  protocol: 'urn:oasis:names:tc:SAML:2.0:protocol',
  metadata: 'urn:oasis:names:tc:SAML:2.0:metadata',
  signature: 'http://www.w3.org/2000/09/xmldsig#',
  encryption: 'http://www.w3.org/2001/04/xmlenc#',
  encryption11: 'http://www.w3.org/2009/xmlenc11#',
  soap: 'http://schemas.xmlsoap.org/soap/envelope/',
} as const

/** Whether an element has this name in this namespace. */
export function isElement(element: XmlElement, namespace: string, name: string): boolean {
  return element.namespace === namespace && element.name === name
}

/** Children of that name. */
export function childrenOf(element: XmlElement, namespace: string, name: string): readonly XmlElement[] {
  return element.children.filter((child) => isElement(child, namespace, name))
}

/** The child of that name, or `undefined`. @throws SamlError `structure` where there are several. */
export function childOf(element: XmlElement, namespace: string, name: string): XmlElement | undefined {
  const found = childrenOf(element, namespace, name)
  if (found.length > 1) refuse('structure')
  return found[0]
}

/** The one child of that name. @throws SamlError `structure` where there is none, or several. */
export function requireChild(element: XmlElement, namespace: string, name: string): XmlElement {
  return childOf(element, namespace, name) ?? refuse('structure')
}

/** The whole text of an element that holds nothing else. @throws SamlError `structure`. */
export function textOf(element: XmlElement): string {
  return element.children.length === 0 ? element.text : refuse('structure')
}

/** The text without blanks around it, which schema types other than texts ignore; never empty. */
export function tokenOf(element: XmlElement): string {
  const text = textOf(element).trim()
  return text === '' ? refuse('structure') : text
}

/** An attribute that must be there and not be empty. @throws SamlError `structure`. */
export function requireAttribute(element: XmlElement, name: string): string {
  const value = element.attributes.get(name)
  return value === undefined || value === '' ? refuse('structure') : value
}

/**
 * A time in UTC, as milliseconds since the epoch.
 * @throws SamlError `time` for any other form. Source: SAML Core, section 1.3.3.
 */
export function parseInstant(text: string): number {
  const isForm = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?Z$/.test(text)
  const milliseconds = isForm ? Date.parse(text.replace(/(\.\d{3})\d+Z$/, '$1Z')) : Number.NaN
  return Number.isNaN(milliseconds) ? refuse('time') : milliseconds
}

/** The time of an attribute, or `undefined` where there is none. */
export function instantOf(element: XmlElement, name: string): number | undefined {
  const value = element.attributes.get(name)
  return value === undefined ? undefined : parseInstant(value)
}
