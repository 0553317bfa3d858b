/** @module The checks of what a cookie is made of: its domain, name and path. */

import { isAddressHost, isPlainHost } from '../host-names.js'
import { parseUrl } from '../parse-url.js'
import type { Checked } from './addresses.js'
import type { Kind } from './option-types.js'
import { isCommonPublicSuffix } from './public-suffix.js'

/** A base domain, or `false`. Source: RFC 6265bis, section 5.6.3 (`CK-04`). */
export const cookieDomain: Kind<string | false> = {
  isPublic: true,
  fromText: (text) => (text === 'false' ? false : text),
  check: (value) => {
    if (value === false) return { value }
    if (typeof value !== 'string' || value.length > 253) {
      return { problem: 'write the base domain of all applications, such as example.gov, or false' }
    }
    const written = value.startsWith('.') ? value.slice(1) : value
    const isName = /^[^\s./:?#@\\[\]%]+(\.[^\s./:?#@\\[\]%]+)*$/u.test(written)
    const address = isName ? parseUrl(`https://${written}`) : undefined
    if (address === undefined) {
      return { problem: 'write only a domain, such as example.gov, without scheme, port or path' }
    }
    const domain = address.hostname
    if (isAddressHost(domain)) {
      return {
        problem: 'write a domain, such as example.gov: an IP address cannot be shared by several hosts',
      }
    }
    if (!isPlainHost(domain)) {
      return { problem: 'write a domain of letters, digits and hyphens, such as example.gov' }
    }
    if (!domain.includes('.')) {
      return {
        problem: 'write a domain with a dot, such as example.gov: browsers refuse cookies for a single label',
      }
    }
    if (isCommonPublicSuffix(domain)) {
      return { problem: 'write a domain of your own: browsers refuse cookies for a public suffix' }
    }
    return { value: domain }
  },
}

/** A cookie name, without look-alikes of the prefixes. Source: RFC 6265bis, sections 4.1.1 and 5.4 (`CK-03`). */
export const cookieName: Kind<string> = {
  isPublic: true,
  fromText: (text) => text,
  check: (value) => {
    if (typeof value !== 'string' || !/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}$/.test(value)) {
      return { problem: 'write a cookie name of 1 to 64 letters, digits, hyphens and underscores' }
    }
    return prefixLookAlike(value) ?? { value }
  },
}

function prefixLookAlike(name: string): Checked<string> | undefined {
  for (const prefix of ['__Host-', '__Secure-']) {
    if (name.toLowerCase().startsWith(prefix.toLowerCase()) && !name.startsWith(prefix)) {
      return {
        problem: `write the prefix as ${prefix}: browsers treat other letter cases alike, servers do not`,
      }
    }
  }
  return undefined
}
